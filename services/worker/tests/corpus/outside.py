"""A README.md, or a cell, that names what is not in the dataset: nothing of it may be opened, or asked for."""

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.corpus.contents import paths_of
from services.worker.tests.reader.edge_cases import README, declaring

_ONE = Page({"a": "int64"}, [{"a": 1}])
_OTHER = "hf://datasets/corpus/plain/data.csv"


def _case(name: str, pattern: str) -> Case:
    return Case(
        name,
        lambda: {README: declaring("data.csv", f"'{pattern}'"), "data.csv": b"a\n1\n"},
        {"c0": {"train": _ONE}, "c1": Failure("DataFilesNotFoundError", "README.md", "relative to the root")},
    )


def _cells(name: str, kind: str) -> Case:
    paths = [
        "/etc/hostname",
        "http://127.0.0.1:1/x.png",
        "file:///etc/hostname",
        _OTHER,
        "../plain/data.csv",
        "~/x",
        "",
    ]
    return Case(
        name,
        lambda: {"data.parquet": paths_of(kind, paths)},
        only(
            Page(
                {"m": {"_type": kind}},
                [{"m": None}] * len(paths),
                errors={index: {"m": "not in the dataset"} for index in range(len(paths))},
            )
        ),
    )


CASES = [
    _case("outside-absolute", "/etc/passwd"),
    _case("outside-home", "~/.ssh/*"),
    _case("outside-file-url", "file:///etc/passwd"),
    _case("outside-url", "http://127.0.0.1:1/data.csv"),
    _case("outside-https", "https://127.0.0.1:1/data.csv"),
    _case("outside-parent", "../plain/data.csv"),
    _case("outside-parent-in-the-middle", "data/../../plain/data.csv"),
    _case("outside-other-dataset", _OTHER),
    _case("outside-other-revision", "hf://datasets/corpus/outside-other-revision@main/data.csv"),
    _case("outside-zip", "zip://data.csv::http://127.0.0.1:1/data.zip"),
    _case("outside-memory", "memory://data.csv"),
    _case("outside-s3", "s3://bucket/data.csv"),
    _case("outside-hf-bucket", "hf://buckets/corpus/plain/data.csv"),
    _cells("outside-images", "Image"),
    _cells("outside-sounds", "Audio"),
    _cells("outside-videos", "Video"),
    _cells("outside-documents", "Pdf"),
]
