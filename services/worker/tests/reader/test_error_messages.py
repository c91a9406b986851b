"""What the author of a dataset is told of an exception: what is wrong where, and what to change."""

import zipfile

import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
import pytest
import yaml
from datasets.table import CastError
from libcommon.errors import CodedError
from reader.errors import translate

_LISTING, _ROWS = "ConfigNamesError", "StreamingRowsError"


def _yaml_error() -> Exception:
    try:
        yaml.safe_load("license: mit\nconfigs: [unclosed")
    except yaml.YAMLError as error:
        return error
    raise AssertionError


_OTHER_COLUMNS = CastError("", table_column_names=["a", "c"], requested_column_names=["a", "b"])


@pytest.mark.parametrize(
    ("error", "stage", "code", "says"),
    [
        (_yaml_error(), _LISTING, "InvalidDatasetCardError", "README.md is not valid (line 3, column 19)"),
        (
            RuntimeError("Dataset scripts are no longer supported, but found x.py"),
            _LISTING,
            "DatasetWithScriptNotSupportedError",
            "a loading script, x.py,",
        ),
        (
            FileNotFoundError(f"Unable to find 'hf://datasets/acme/x@{'a' * 40}/*.csv' with any supported extension"),
            _LISTING,
            "DataFilesNotFoundError",
            "No file matches '*.csv'",
        ),
        (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "no"), _LISTING, "InvalidDatasetCardError", "README.md is not"),
        (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "no"), _ROWS, "CorruptDataError", "it has the byte 0xe9"),
        (RecursionError(), _LISTING, "InvalidDatasetCardError", "README.md is nested too deeply"),
        (RecursionError(), _ROWS, "CorruptDataError", "A value in a data file is nested too deeply"),
        (_OTHER_COLUMNS, _ROWS, "DatasetGenerationCastError", "(there is also 'c' and 'b' is missing)"),
        (
            pd.errors.ParserError("Error tokenizing data. C error: Expected 2 fields in line 3, saw 4"),
            _ROWS,
            "CorruptDataError",
            "has 4 fields in line 3 and 2 before",
        ),
        (
            pd.errors.ParserError("Error tokenizing data. C error: EOF inside string starting at row 7"),
            _ROWS,
            "CorruptDataError",
            "opens a quote in row 7",
        ),
        (
            pa.ArrowInvalid("JSON parse error: Invalid value. in row 5"),
            _ROWS,
            "CorruptDataError",
            "Invalid value. after 5 good rows",
        ),
        (LookupError("unknown encoding: klingon"), _ROWS, "InvalidDatasetCardError", "the encoding 'klingon'"),
        (OverflowError("Python int too large to convert to C long"), _ROWS, "CorruptDataError", "more than 64 bits"),
        (OSError("Couldn't deserialize thrift: No more data to read."), _ROWS, "CorruptDataError", "damaged inside"),
        (zipfile.BadZipFile("File is not a zip file"), _LISTING, "CorruptDataError", "A zip archive of the dataset"),
        (EOFError("Compressed file ended before"), _ROWS, "CorruptDataError", "cut off"),
    ],
)
def test_a_message_says_what_to_change_and_where(error: Exception, stage: str, code: str, says: str) -> None:
    coded = translate(error, stage)
    assert isinstance(coded, CodedError)
    assert coded.code == code
    assert says in coded.message
    assert coded.message[0].isupper()
    assert coded.message.endswith(".")


def test_what_the_data_says_is_cut_and_scrubbed_in_a_message() -> None:
    coded = translate(LookupError(f"unknown encoding: /home/me/{'x' * 1_000}"), _ROWS)
    assert isinstance(coded, CodedError)
    assert "'<path>'" in coded.message
    long = translate(LookupError(f"unknown encoding: {'x' * 1_000}"), _ROWS)
    assert isinstance(long, CodedError)
    assert len(long.message) < 300


def test_what_only_one_module_of_the_library_says_is_not_taken_for_it_from_elsewhere() -> None:
    """Nothing is known of a number that is none, unless it is in a WebDataset."""
    try:
        int("cat")
    except ValueError as error:
        coded = translate(error, _ROWS)
    assert isinstance(coded, CodedError)
    assert (coded.code, ".cls" in coded.message) == ("StreamingRowsError", False)
