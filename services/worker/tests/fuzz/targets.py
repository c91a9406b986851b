"""What is fuzzed: each target by its name, with the good and odd files that the damage starts from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.worker.tests.corpus import (
    archives,
    cards,
    csv_files,
    declared,
    documents,
    embedded,
    images,
    json_lines,
    layouts,
    outside,
    parquet_files,
    shards,
    sounds,
    value_types,
    videos,
    webdatasets,
)
from services.worker.tests.corpus.case import Case, Files
from services.worker.tests.fuzz import made
from services.worker.tests.fuzz.damage import MAX_BYTES
from services.worker.tests.fuzz.packing import COMPRESSIONS
from services.worker.tests.reader.edge_cases import lines


@dataclass(frozen=True)
class Target:
    """`kind` is that of the media files which are decoded, or "dataset" where all of a dataset is read."""

    name: str
    kind: str
    seeds: Callable[[], list[Files]]


def _of(*themes: Sequence[Case], more: Callable[[], list[Files]] = list) -> Callable[[], list[Files]]:
    """The quick cases of the corpus that are small."""

    def seeds() -> list[Files]:
        found = [case.files() for theme in themes for case in theme if not case.long]
        return [files for files in [*found, *more()] if sum(map(len, files.values())) <= MAX_BYTES]

    return seeds


def _of_media(theme: Sequence[Case], more: Callable[[], list[tuple[str, bytes]]] = list) -> Callable[[], list[Files]]:
    """Each file of the quick cases, alone."""

    def seeds() -> list[Files]:
        files = [item for of_case in _of(theme)() for item in of_case.items()] + more()
        return [{name: data} for name, data in files if data]

    return seeds


def _sounds() -> list[Files]:
    of_any_time = _of_media(sounds.CASES, more=lambda: list(made.sounds()))()
    return [{name: made.timeless(data) for name, data in files.items()} for files in of_any_time]


def _compressed(name: str, data: bytes) -> list[Files]:
    return [{name: data}, *({f"{name}.{suffix}": pack(data)} for suffix, (_, pack) in COMPRESSIONS.items())]


def _json_lines() -> list[Files]:
    return _compressed("x.jsonl", lines(*({"a": number, "b": [{"c": "é"}] * (number % 3)} for number in range(20))))


def _tables_of_text() -> list[Files]:
    return _compressed("x.csv", b'a,b\n1,"x\ny"\n2.5,\n') + _compressed("x.txt", b"one\ntwo\r\n\nthree")


TARGETS = {
    target.name: target
    for target in [
        Target("images", "image", _of_media(images.CASES, more=lambda: list(made.images()))),
        Target("sounds", "audio", _sounds),
        Target("videos", "video", _of_media(videos.CASES)),
        Target("documents", "pdf", _of_media(documents.CASES, more=lambda: list(made.documents()))),
        Target("parquet", "dataset", _of(parquet_files.CASES, value_types.CASES, embedded.CASES)),
        Target("csv", "dataset", _of(csv_files.CASES, more=_tables_of_text)),
        Target("json", "dataset", _of(json_lines.CASES, more=_json_lines)),
        Target("shards", "dataset", _of(shards.CASES, declared.CASES)),
        Target("archives", "dataset", _of(archives.CASES)),
        Target("webdatasets", "dataset", _of(webdatasets.CASES)),
        Target("folders", "dataset", _of(images.CASES, layouts.CASES)),
        Target("cards", "dataset", _of(cards.CASES, outside.CASES, declared.CASES)),
    ]
}
