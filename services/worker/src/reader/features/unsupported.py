"""Types that need a library this server does not have (meshes, medical images, biology)."""

from typing import Any, NoReturn

from reader.features.kinds import CellError, Conversion

# The libraries that `datasets` itself decodes these with.
LIBRARIES = {
    "Mesh": "trimesh",
    "Nifti": "nibabel",
    "BioSequence": "biopython",
    "BioStructure": "biopython",
}


def convert(feature: Any, _value: Any, _conversion: Conversion) -> NoReturn:
    """Always an error: what there is to say."""
    name = type(feature).__name__
    lacking = (
        f"this server lacks the library {LIBRARIES[name]}" if name in LIBRARIES else "this server does not know it"
    )
    raise CellError(f"cells of the type {name} are not shown: {lacking}")
