"""What authors often do: slips that they have to be told of, and good data that the library mistakes."""

import gzip
import json
from typing import Any

import pyarrow as pa

from services.worker.tests.corpus.case import Case, Failure, Files, Page, only
from services.worker.tests.corpus.contents import zipped
from services.worker.tests.corpus.images import IMAGE, shown
from services.worker.tests.corpus.media import Kept
from services.worker.tests.reader.edge_cases import README, card, lines, parquet, picture, tarred

_CSV = b"a\n1\n"
_ONE = Page({"a": "int64"}, [{"a": 1}])
_PNG, _BLUE = picture(), picture("blue")
_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
_NO_POINTER = ("Git LFS pointer", "upload")
_TEXTS = {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"}
_UNLIKE = "DatasetGenerationCastError"


def _config(rest: str, files: str = "data.csv") -> bytes:
    return card(f"configs:\n- config_name: default\n  data_files: '{files}'\n  {rest}")


def _features(*features: str) -> bytes:
    return card("dataset_info:\n  features:\n" + "\n".join(f"  - {feature}" for feature in features))


def _table(**columns: list[Any]) -> bytes:
    return parquet(pa.table(columns))


def _case(name: str, files: Files, expected: Page | Failure) -> Case:
    return Case(name, lambda: files, only(expected))


def _unlisted(name: str, readme: bytes, *words: str, code: str = "InvalidDatasetCardError") -> Case:
    return Case(name, lambda: {README: readme, "data.csv": _CSV}, Failure(code, *words))


def _two_splits(first: str, second: str) -> bytes:
    entries = f"  - split: train\n    path: {first}\n  - split: test\n    path: {second}"
    return card(f"configs:\n- config_name: default\n  data_files:\n{entries}")


_LABELED = [
    {"image": shown(Kept(_PNG, ".png")), "label": 0},
    {"image": shown(Kept(_BLUE, ".png")), "label": 1},
]

CASES = [
    # Patterns and names.
    Case(
        "pattern-of-a-split-without-a-file",
        lambda: {README: _two_splits("data/train-*.csv", "data/test-*.csv"), "data/train-0.csv": _CSV},
        Failure("DataFilesNotFoundError", "data/test-*.csv", "README.md"),
    ),
    Case(
        "pattern-of-a-config-without-a-file",
        lambda: {
            README: card(
                "configs:\n- config_name: x\n  data_files: x/*.csv\n- config_name: y\n  data_files: y/*.csv\n"
                "- config_name: z\n  data_files: '*.bin'"
            ),
            "x/1.csv": _CSV,
            "model.bin": b"\x00",
        },
        {
            "x": {"train": _ONE},
            "y": Failure("DataFilesNotFoundError", "y/*.csv"),
            "z": Failure("DataFilesNotFoundError", "supported format"),
        },
    ),
    Case(
        "split-name-with-a-hyphen-in-file-names",
        lambda: {"data/train-clean-00000-of-00001.csv": _CSV, "data/test-00000-of-00001.csv": _CSV},
        Failure("SplitsNamesError", "'train-clean'", "rename"),
    ),
    _unlisted(
        "split-name-is-a-number",
        card("configs:\n- config_name: x\n  data_files:\n  - split: 2024\n    path: data.csv"),
        "split",
        "quotes",
    ),
    _unlisted("data-files-left-empty", card("configs:\n- config_name: x\n  data_files:"), "data_files", "empty"),
    _unlisted("config-name-is-a-list", card("configs:\n- config_name: [a]\n  data_files: data.csv"), "not text"),
    _unlisted("config-name-left-empty", card("configs:\n- config_name: ''\n  data_files: data.csv"), "config_name"),
    _unlisted("features-by-name", card("dataset_info:\n  features:\n    a: int64"), "features", "list of objects"),
    _unlisted(
        "labels-from-one",
        _features("name: a\n    dtype:\n      class_label:\n        names:\n          '1': x\n          '2': y"),
        "features",
        "label ids",
    ),
    # Parameters of README.md.
    _case(
        "parameter-that-the-library-refuses",
        {README: _config("skipfooter: 1"), "data.csv": _CSV},
        Failure("StreamingRowsError", "data.csv", "README.md", "skipfooter"),
    ),
    _case(
        "parameter-names-no-column",
        {README: _config("usecols: [zz]"), "data.csv": _CSV},
        Failure("StreamingRowsError", "data.csv", "README.md", "zz"),
    ),
    _case(
        "parameter-names-no-parquet-column",
        {README: _config("columns: [zz]", "data.parquet"), "data.parquet": _table(a=[1])},
        Failure("FeaturesError", "data.parquet", "'zz'", "columns"),
    ),
    _case(
        "parameter-names-no-field",
        {README: _config("field: rows", "data.json"), "data.json": b'{"data": [{"a": 1}]}'},
        Failure("StreamingRowsError", "data.json", "'rows'", "field"),
    ),
    _case(
        "sample-by-is-no-such-thing",
        {README: _config("sample_by: word", "data.txt"), "data.txt": b"x y\n"},
        Failure("InvalidDatasetCardError", "sample_by", "'word'", "paragraph"),
    ),
    _case(
        "encoding-of-no-text",
        {README: _config("encoding: hex", "data.txt"), "data.txt": b"x\n"},
        Failure("InvalidDatasetCardError", "encoding", "'hex'"),
    ),
    _case(
        "encoding-is-a-number",
        {README: _config("encoding: 5", "data.txt"), "data.txt": b"x\n"},
        Failure("InvalidDatasetCardError", "encoding", "'5'"),
    ),
    _case(
        "encoding-errors-are-not-known",
        {README: _config("encoding_errors: guess", "data.csv"), "data.csv": _CSV},
        Failure("InvalidDatasetCardError", "encoding_errors", "'guess'", "replace"),
    ),
    _case(
        "csv-mac-roman",
        {"data.csv": "a,b\n1,x\nSão Paulo,y\n".encode("mac-roman")},
        Failure("CorruptDataError", "data.csv", "not encoded in UTF-8"),
    ),
    _case(
        "text-latin-1-declared",
        {README: _config("encoding: latin-1", "data.txt"), "data.txt": "café\n".encode("latin-1")},
        Page({"text": "string"}, [{"text": "café"}]),
    ),
    _case(
        "text-utf-16-declared",
        {README: _config("encoding: utf-16", "data.txt"), "data.txt": "café\n".encode("utf-16")},
        Page({"text": "string"}, [{"text": "café"}]),
    ),
    _case(
        "text-with-errors-ignored",
        {README: _config("encoding_errors: ignore", "data.txt"), "data.txt": "café\n".encode("latin-1")},
        Page({"text": "string"}, [{"text": "caf"}]),
    ),
    # Values that don't fit.
    _case(
        "shards-whole-numbers-then-not",
        {"0.parquet": _table(a=[1]), "1.parquet": _table(a=[2.5])},
        Page({"a": "int64"}, [{"a": 1}], ends="'a' has a value that is not of its type"),
    ),
    _case(
        "declared-too-narrow",
        {README: _features("name: a\n    dtype: int8"), "data.parquet": _table(a=[300])},
        Failure(_UNLIKE, "data.parquet", "'a'", "300", "dataset_info"),
    ),
    # Files that are not what they seem.
    _case("pointer-csv", {"data.csv": _POINTER}, Failure("CorruptDataError", "data.csv", *_NO_POINTER)),
    _case(
        "pointer-csv-of-windows",
        {"data.csv": _POINTER.replace(b"\n", b"\r\n")},
        Failure("CorruptDataError", "data.csv", *_NO_POINTER),
    ),
    _case("pointer-gzip", {"data.csv.gz": _POINTER}, Failure("CorruptDataError", "data.csv.gz", *_NO_POINTER)),
    _case("pointer-tar", {"data.tar": _POINTER}, Failure("CorruptDataError", "data.tar", *_NO_POINTER)),
    _case("pointer-arrow", {"data.arrow": _POINTER}, Failure("CorruptDataError", "data.arrow", *_NO_POINTER)),
    Case("pointer-zip", lambda: {"data.zip": _POINTER}, Failure("CorruptDataError", "data.zip", *_NO_POINTER)),
    _case("pointer-jsonl", {"data.jsonl": _POINTER}, Failure("CorruptDataError", "data.jsonl", *_NO_POINTER)),
    _case(
        "pointer-image",
        {"1.png": _POINTER, "2.png": _PNG},
        Page(
            {"image": IMAGE},
            [{"image": None}, {"image": shown(Kept(_PNG, ".png"))}],
            errors={0: {"image": "Git LFS pointer"}},
        ),
    ),
    _case(
        "gzip-named-csv",
        {"data.csv": gzip.compress(_CSV, mtime=0)},
        Failure("CorruptDataError", "data.csv", "gzip", ".gz"),
    ),
    _case(
        "json-array-in-latin-1",
        {"data.json": '[{"a": "café"}]'.encode("latin-1")},
        Failure("CorruptDataError", "data.json", "not encoded in UTF-8"),
    ),
    _case("json-lines-of-lists", {"data.jsonl": b'["a", 1]\n["b", 2]\n'}, Failure("CorruptDataError", "data.jsonl")),
    _case(
        "json-with-comments", {"data.json": b'[\n// one\n{"a": 1}\n]'}, Failure("CorruptDataError", "data.json", "JSON")
    ),
    _case(
        "documents-beside-data",
        {README: b"# x\n", "README_ja.md": b"# x\n", "README_zh.md": b"# x\n", "data.jsonl": lines({"a": 1})},
        _ONE,
    ),
    _case("projects-beside-data", {"pyproject.toml": b"", "ruff.toml": b"", "data.csv": _CSV}, _ONE),
    Case(
        "tasks-for-agents",
        lambda: {"a/task.toml": b"version = '1'\n", "a/instruction.md": b"Do it.\n", "a/notes.md": b"Well.\n"},
        only(
            Page(
                {
                    **dict.fromkeys(("name", "instruction", "description"), "string"),
                    "keywords": _TEXTS,
                    "schema_version": "string",
                    "config": {"_type": "Json"},
                    "metadata": {"_type": "Json"},
                    "files": _TEXTS,
                    "location": "string",
                },
                [
                    {
                        "name": "a",
                        "instruction": "Do it.\n",
                        "description": "",
                        "keywords": [],
                        "schema_version": "",
                        "config": {"version": "1"},
                        "metadata": {},
                        "files": ["instruction.md", "notes.md", "task.toml"],
                        "location": "a",
                    }
                ],
            ),
            split="test",
        ),
    ),
    # Media.
    _case(
        "images-zipped-by-class",
        {"images.zip": zipped({"cat/1.png": _PNG, "dog/2.png": _BLUE})},
        Page({"image": IMAGE, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}, _LABELED),
    ),
    _case(
        "images-named-by-address",
        {
            README: card(
                "configs:\n- config_name: default\n  data_files: data.jsonl\n"
                "dataset_info:\n  features:\n  - name: image\n    dtype: image"
            ),
            "data.jsonl": lines(
                {"image": "hf://datasets/corpus/images-named-by-address/img/1 a.png"},
                {"image": "hf://datasets/corpus/images-named-by-address@main/img/2.png"},
                {"image": "img/2.png"},
                {"image": "hf://datasets/corpus/images-named-by-address@other/img/2.png"},
            ),
            "img/1 a.png": _PNG,
            "img/2.png": _BLUE,
        },
        Page(
            {"image": IMAGE},
            [
                {"image": shown(Kept(_PNG, ".png"))},
                {"image": shown(Kept(_BLUE, ".png"))},
                {"image": None},
                {"image": None},
            ],
            errors={row: {"image": "hf://datasets/corpus/images-named-by-address/"} for row in (2, 3)},
        ),
    ),
    _case(
        "webdataset-with-declared-fields",
        {
            README: _features("name: png\n    dtype: image", "name: z\n    dtype: string"),
            "data.tar": tarred({"1.png": _PNG}),
        },
        Page({"png": IMAGE, "z": "string"}, [{"png": shown(Kept(_PNG, ".png")), "z": None}]),
    ),
    _case(
        "webdataset-with-a-declared-key",
        {
            README: _features("name: __key__\n    dtype: string", "name: txt\n    dtype: string"),
            "data.tar": tarred({"1.txt": b"x", "1.cls": b"1"}),
        },
        Page({"__key__": "string", "txt": "string"}, [{"__key__": "1", "txt": "x"}]),
    ),
    _case(
        "webdataset-class-that-is-a-word", {"data.tar": tarred({"1.cls": b"cat"})}, Failure("CorruptDataError", ".cls")
    ),
    # What is long in one place.
    _case(
        "json-array-of-a-long-text",
        {"data.json": json.dumps([{"a": "A" * 17_000_000}]).encode()},
        Page({"a": "string"}, [], number=1, cut={0: ["a"]}),
    ),
]
