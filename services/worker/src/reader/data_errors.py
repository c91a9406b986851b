"""What the libraries raise about the content of data files, and what each of it becomes; see `errors`."""

import gzip
import json
import lzma
import tarfile
import tokenize
import zipfile
import zlib

import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
from datasets.exceptions import DatasetGenerationCastError
from datasets.table import CastError

from reader.error_rule import Rule

_UNLIKE_TYPES = (
    "In {file}, {column} does not have the type of the other data files, or the declared one: make them equal, "
    "or declare the type in dataset_info of README.md."
)
_NESTED = "is nested too deeply: flatten it."

DATA_RULES = [
    # Columns and types.
    Rule(
        (CastError, DatasetGenerationCastError),
        None,
        "DatasetGenerationCastError",
        "The columns of {file} are not those of the other data files, or of dataset_info in README.md ({differences}): "
        "make them equal, or put the files into separate configs.",
    ),
    Rule((TypeError, ValueError), "Couldn't cast", "DatasetGenerationCastError", _UNLIKE_TYPES),
    Rule(
        pa.ArrowInvalid,
        "Failed to parse string: '(?P<value>.*)' as a scalar of type (?P<type>.+)",
        "DatasetGenerationCastError",
        "In {file}, {column} has the value '{value}', which is not of the declared type {type}: correct the value, "
        "or the type in dataset_info of README.md.",
    ),
    Rule(
        pa.ArrowInvalid,
        "(?P<problem>.*(?:was truncated|not in range|would lose data|would cause data loss|Failed to parse value).*)",
        "DatasetGenerationCastError",
        "In {file}, {column} has a value that is not of its type ({problem}): give the column one type in all data "
        "files, or declare a wider one in dataset_info of README.md.",
    ),
    Rule(
        pa.ArrowInvalid,
        r"No match for FieldRef\.Name\((?P<name>.+?)\)",
        "FeaturesError",
        "{file} does not have the column '{name}': correct columns or filters in the configs of README.md.",
    ),
    Rule(
        ValueError,
        "Invalid string class label (?P<label>.+)",
        "DatasetGenerationCastError",
        "In {file}, {column} has the label '{label}', which is not one of the declared names: correct the label, "
        "or the names in dataset_info of README.md.",
    ),
    Rule(pa.ArrowNotImplementedError, "Unsupported cast", "DatasetGenerationCastError", _UNLIKE_TYPES),
    Rule((pa.ArrowTypeError, pa.ArrowInvalid), "Unable to merge", "DatasetGenerationCastError", _UNLIKE_TYPES),
    Rule(
        ValueError,
        r"Arrow type (?P<type>.+) does not have a datasets dtype equivalent",
        "FeaturesError",
        "{file} has a column of the Arrow type {type}, which is not supported: "
        "convert it, for example a map to a list of structs.",
    ),
    Rule(
        pa.ArrowInvalid,
        r"Multiple matches for FieldRef\.Name\((?P<name>.+?)\)",
        "FeaturesError",
        "{file} has the column '{name}' twice: rename one of them.",
    ),
    Rule(
        KeyError,
        r"Field \W*(?P<name>.+?)\W* exists \d+ times in schema",
        "FeaturesError",
        "{file} has the column '{name}' twice: rename one of them.",
    ),
    # Folders of media, and archives.
    Rule(
        ValueError,
        "must be present as dictionary key in metadata files",
        "StreamingRowsError",
        "The metadata file of the folder has no column file_name: add one with the path of each media file.",
    ),
    Rule(
        IndexError,
        None,
        "StreamingRowsError",
        "The metadata file of the folder has no rows: add one for each media file, or remove it.",
        place="datasets.packaged_modules.folder_based_builder",
    ),
    Rule(
        ValueError,
        "Invalid metadata file_name '(?P<path>.*)': ",
        "StreamingRowsError",
        "{file} names a file outside of its folder in file_name, '{path}': use paths relative to the metadata file.",
        "the metadata file of the folder",
    ),
    Rule(
        ValueError,
        r"Found metadata files with different extensions: \[(?P<extensions>.*)\]",
        "StreamingRowsError",
        "The metadata files of the folders have different formats ({extensions}): use one format for all of them.",
    ),
    Rule(
        ValueError,
        "Metadata files .* have different features",
        "StreamingRowsError",
        "The metadata files of the folders have different columns: make them equal.",
    ),
    Rule(
        ValueError,
        "should be in WebDataset format",
        "StreamingRowsError",
        "A TAR archive is not in the WebDataset layout: "
        "give the files of each sample the same name and put them one after another, with the same extensions in each.",
    ),
    Rule(
        ValueError,
        "Duplicate field '(?P<field>.+)' for sample '(?P<sample>.+)' in TAR archive",
        "StreamingRowsError",
        "A TAR archive has the file {sample}.{field} twice: remove one.",
    ),
    Rule(
        ValueError,
        "Object arrays cannot be loaded",
        "CorruptDataError",
        "{file} has a NumPy array of Python objects, which are not read: save arrays of numbers.",
    ),
    Rule(
        tokenize.TokenError,
        None,
        "CorruptDataError",
        "{file} has a NumPy array whose header is damaged: save the array again.",
    ),
    Rule(
        ValueError,
        "invalid literal for int",
        "CorruptDataError",
        "{file} has a .cls, .id or .index file that is not a whole number: write numbers, or name the files .txt.",
        place="datasets.packaged_modules.webdataset",
    ),
    Rule(
        UnicodeDecodeError,
        None,
        "CorruptDataError",
        "{file} has a text that is not encoded in UTF-8: convert it.",
        place="datasets.packaged_modules.webdataset",
    ),
    Rule(
        KeyError,
        "'(?P<field>.+)'",
        "StreamingRowsError",
        "{file} has no '{field}' at its top: correct field in the configs of README.md.",
        place="datasets.packaged_modules.json",
    ),
    Rule(
        json.JSONDecodeError, None, "CorruptDataError", "{file} has JSON that could not be parsed: correct its syntax."
    ),
    Rule(pa.ArrowInvalid, "Must pass at least one table", "EmptyDatasetError", "A TAR archive of the split is empty."),
    Rule(
        (ValueError, zipfile.BadZipFile),
        "Seek before start of file|zip",
        "CorruptDataError",
        "A zip archive of the dataset is empty, damaged or not a zip archive: pack the files again and upload it.",
        listing=True,
    ),
    Rule(
        IndexError,
        "string index out of range",
        "CorruptDataError",
        "A zip archive of the dataset has a member without a name: pack the files again and upload it.",
        place="zipfile",
    ),
    Rule(
        RuntimeError,
        "is encrypted, password required",
        "CorruptDataError",
        "{file} needs a password: pack the files without one.",
        "a zip archive of the split",
    ),
    Rule(
        (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile),
        None,
        "CorruptDataError",
        "{file} is cut off, damaged, or not the archive that its name says: pack it again and upload it.",
    ),
    Rule(
        ValueError,
        "Compression type (?P<compression>.+) not supported",
        "StreamingRowsError",
        "{file} is compressed with {compression}, for which this server has no library: use gzip, or Parquet.",
    ),
    # What only a library can read that isn't here.
    Rule(
        ImportError,
        None,
        "StreamingRowsError",
        "The format of the data files needs a library that this server does not have: convert the data to Parquet.",
    ),
    Rule(
        NotImplementedError,
        None,
        "StreamingRowsError",
        "The data files cannot be read without being downloaded whole, and are too large for that: "
        "convert them to Parquet, CSV or JSON Lines, or pack files into zip archives.",
    ),
    # Content.
    Rule(
        UnicodeDecodeError,
        r"can't decode byte(s|) (?P<byte>\S+) in",
        "CorruptDataError",
        "{file} is not encoded in UTF-8 (it has the byte {byte}): "
        "convert it, or set the encoding in the configs of README.md.",
    ),
    Rule(
        UnicodeDecodeError,
        None,
        "CorruptDataError",
        "{file} is not encoded in UTF-8: convert it, or set the encoding in the configs of README.md.",
    ),
    Rule(
        pd.errors.EmptyDataError,
        None,
        "CorruptDataError",
        "{file} is empty: give it a header line, or remove it.",
        "a CSV file of the split",
    ),
    Rule(
        pd.errors.ParserError,
        r"Expected (?P<expected>\d+) fields in line (?P<line>\d+), saw (?P<found>\d+)",
        "CorruptDataError",
        "{file} has {found} fields in line {line} and {expected} before: give every line the columns of the header, "
        "put fields with commas in quotes, or set sep in the configs of README.md.",
        "a CSV file of the split",
    ),
    Rule(
        pd.errors.ParserError,
        r"EOF inside string starting at row (?P<row>\d+)",
        "CorruptDataError",
        "{file} opens a quote in row {row} and never closes it: close it, or double quotes that belong to a text.",
        "a CSV file of the split",
    ),
    Rule(
        pd.errors.ParserError,
        None,
        "CorruptDataError",
        "{file} could not be parsed: check that every line has the columns of the header and quotes are closed.",
        "a CSV file of the split",
    ),
    Rule(
        (ValueError, TypeError),
        "(?P<problem>.+)",
        "StreamingRowsError",
        "{file} could not be read with the parameters and types that README.md declares for it ({problem}): "
        "correct these, or the file.",
        "a CSV file of the split",
        place="pandas.io.parsers",
    ),
    Rule(
        (OverflowError, pa.ArrowInvalid, ValueError),
        "int too large to convert|Value is too (big|small)",
        "CorruptDataError",
        "{file} has a whole number of more than 64 bits: write it as text, in quotes if the format has them.",
    ),
    Rule(pa.ArrowInvalid, "Recursion level", "CorruptDataError", f"A value in {{file}} {_NESTED}"),
    Rule(ValueError, "Reached object decoding depth limit", "CorruptDataError", f"A value in {{file}} {_NESTED}"),
    Rule(
        ValueError,
        "Invalid octet in UTF-8",
        "CorruptDataError",
        "{file} is not encoded in UTF-8: convert it, or set the encoding in the configs of README.md.",
    ),
    Rule(
        ValueError,
        "Trailing data|Expected object or value|Unexpected character|Unmatched|No ':' found|Key name of object",
        "CorruptDataError",
        "{file} could not be parsed as JSON: check that every line is one JSON object.",
        place="datasets.utils.json",
    ),
    Rule(RecursionError, None, "CorruptDataError", f"A value in {{file}} {_NESTED}"),
    Rule(StopIteration, None, "EmptyDatasetError", "A data file of the split is empty: add rows to it, or remove it."),
    Rule(
        OSError,
        "encrypted metadata",
        "CorruptDataError",
        "{file} is encrypted, and there is no key: write it without encryption.",
        "a Parquet file of the split",
    ),
    Rule(
        OSError,
        "thrift|flatbuffers|histogram|[Cc]orrupt|[Mm]alformed|[Tt]runcated|inflate|decompress|(end of|data) stream"
        "|[Pp]age",
        "CorruptDataError",
        "{file} is damaged inside: upload it again.",
    ),
    Rule(
        pa.ArrowInvalid,
        "Parquet",
        "CorruptDataError",
        "{file} is damaged or is not Parquet: upload it again.",
        "a Parquet file of the split",
    ),
    Rule(
        pa.ArrowInvalid,
        r"JSON parse error: (?P<problem>.+) in row (?P<row>\d+)",
        "CorruptDataError",
        "{file} could not be parsed as JSON: {problem} after {row} good rows. "
        "Check that every line is one JSON object, all with the same types.",
        "a JSON file of the split",
    ),
    Rule(
        pa.ArrowInvalid,
        "JSON",
        "CorruptDataError",
        "{file} could not be parsed as JSON: check that every line is one JSON object, all with the same types.",
        "a JSON file of the split",
    ),
    Rule(
        (pa.ArrowInvalid, pa.ArrowSerializationError),
        None,
        "CorruptDataError",
        "{file} is damaged or is not in the format that its name says: upload it again.",
    ),
]
