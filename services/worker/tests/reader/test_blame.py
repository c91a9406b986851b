"""What a library was reading when it failed is told by the frames of its traceback."""

import traceback
from types import FunctionType, ModuleType
from typing import Any

import pytest
from reader.blame import column_of, file_of

_ROOT = f"hf://datasets/acme/x@{'a' * 40}/"


def _failing(module: str, **variables: Any) -> Exception:
    """An exception that came through a function of a module, which had these variables."""
    lines = [f"    {name} = {value!r}" for name, value in variables.items()]
    scope = ModuleType(module).__dict__
    exec("\n".join(["def fail():", *lines, "    raise ValueError"]), scope)  # noqa: S102 - a frame of a module of our own
    fail = scope["fail"]
    assert isinstance(fail, FunctionType)
    try:
        fail()
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("variable", "value", "file"),
    [
        ("file", f"{_ROOT}data/train.csv", "data/train.csv"),
        ("tar_path", f"{_ROOT}data.tar", "data.tar"),
        ("file", f"gzip://data.csv::{_ROOT}data.csv.gz", "data.csv in data.csv.gz"),
        ("file", f"zip://a/b.csv::{_ROOT}x.zip", "a/b.csv in x.zip"),
        ("file", "/tmp/cache/3f2a", None),  # noqa: S108
        ("other", f"{_ROOT}data/train.csv", None),
    ],
)
def test_a_reader_of_a_format_had_the_file_in_a_variable(variable: str, value: str, file: str | None) -> None:
    assert file_of([_failing("datasets.packaged_modules.csv.csv", **{variable: value})]) == file


@pytest.mark.parametrize(
    ("module", "variable", "value", "file"),
    [
        ("reader.direct.parquet", "path", "data/train.parquet", "data/train.parquet"),
        ("datasets.packaged_modules.csv.csv", "file", "head://3/data/train.csv", "data/train.csv"),
        ("datasets.packaged_modules.csv.csv", "file", "head://3/data/x.zip!/a/b.csv", "a/b.csv in data/x.zip"),
    ],
)
def test_the_direct_readers_had_it_too(module: str, variable: str, value: str, file: str) -> None:
    assert file_of([_failing(module, **{variable: value})]) == file


def test_only_the_readers_of_formats_are_asked() -> None:
    assert file_of([_failing("somewhere.else", file=f"{_ROOT}x.csv")]) is None


def test_a_cast_had_the_column_in_a_variable() -> None:
    assert column_of([_failing("datasets.table", name="price")]) == "price"


def test_an_exception_without_frames_tells_nothing() -> None:
    error = ValueError()
    assert traceback.extract_tb(error.__traceback__) == []
    assert (file_of([error]), column_of([error])) == (None, None)
