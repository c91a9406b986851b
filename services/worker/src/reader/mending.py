"""The functions of the `datasets` library that are replaced for good, each because it needs what isn't here or gives
what it doesn't mean.
"""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import datasets
import soundfile
from datasets.packaged_modules.folder_based_builder.folder_based_builder import FolderBasedBuilder
from datasets.packaged_modules.webdataset.webdataset import WebDataset

_open = datasets.streaming.xopen
_examples_of_folder = FolderBasedBuilder._generate_examples
_examples_of_webdataset = WebDataset._generate_examples


def mend() -> None:
    """Replace them, in this process and all that are forked from it."""
    datasets.Audio.encode_example = _encode_audio
    datasets.streaming.xopen = _open_encoded
    FolderBasedBuilder._generate_examples = _label_members
    WebDataset._generate_examples = _declared_fields


def _encode_audio(_: datasets.Audio, value: Any) -> dict[str, Any]:
    """`Audio.encode_example` without torch, which the original imports even to pass a path on."""
    if isinstance(value, str | Path):
        return {"bytes": None, "path": str(value)}
    if isinstance(value, bytes | bytearray):
        return {"bytes": bytes(value), "path": None}
    if "array" in value:
        wav = io.BytesIO()
        soundfile.write(wav, value["array"], value["sampling_rate"], format="WAV", subtype="PCM_16")
        return {"bytes": wav.getvalue(), "path": None}
    return {"bytes": value.get("bytes"), "path": value.get("path")}


def _open_encoded(
    file: str, mode: str = "r", *arguments: Any, encoding: str | None = None, errors: str | None = None, **options: Any
) -> Any:
    """`open` of what is streamed, in the encoding that is asked for: the original opens all texts as UTF-8."""
    opened = _open(file, mode, *arguments, **options)
    if isinstance(opened, io.TextIOWrapper):
        opened.reconfigure(encoding=encoding, errors=errors)
    return opened


def _label_members(builder: Any, files: Iterable[Any], *arguments: Any, **options: Any) -> Iterator[Any]:
    """The examples of a folder of media: the original labels the members of an archive by the archive's folder."""
    each = [(path if isinstance(opened, str) else None, folder, opened) for path, folder, opened in files]
    yield from _examples_of_folder(builder, each, *arguments, **options)


def _declared_fields(builder: Any, *arguments: Any, **options: Any) -> Iterator[Any]:
    """The examples of a WebDataset; where its types are declared, which then are seldom those of `__key__` and
    `__url__` both, with the declared fields only: the original gives fields that have no column.
    """
    features = builder.info.features
    for key, example in _examples_of_webdataset(builder, *arguments, **options):
        yield key, example if {"__key__", "__url__"} <= features.keys() else {name: example[name] for name in features}
