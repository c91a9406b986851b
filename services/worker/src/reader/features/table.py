"""Which converter is for which type of the `datasets` library."""

from typing import Any

from reader.features import (
    array,
    audio,
    class_label,
    image,
    json_text,
    pdf,
    sequence,
    struct,
    translation,
    unsupported,
    value,
    video,
)
from reader.features.kinds import Converter

CONVERTERS: dict[str, Converter] = {
    "Value": value.convert,
    "ClassLabel": class_label.convert,
    "List": sequence.convert,
    "LargeList": sequence.convert,
    "Array2D": array.convert,
    "Array3D": array.convert,
    "Array4D": array.convert,
    "Array5D": array.convert,
    "Json": json_text.convert,
    "Translation": translation.convert,
    "TranslationVariableLanguages": translation.convert,
    "Image": image.convert,
    "Audio": audio.convert,
    "Video": video.convert,
    "Pdf": pdf.convert,
}


def converter_of(feature: Any) -> Converter:
    """The converter for a feature; types without one give an error in each cell."""
    if isinstance(feature, dict):
        return struct.convert
    return CONVERTERS.get(type(feature).__name__, unsupported.convert)
