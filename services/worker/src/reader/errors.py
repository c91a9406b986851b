"""From an exception of a library to an error of the catalogue with a sentence for the dataset's author.

The table is read from the top and the first rule that fits wins, over the exception and all that hides behind it.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
import yaml
from datasets.data_files import EmptyDatasetError
from datasets.exceptions import DataFilesNotFoundError, DatasetGenerationCastError, DatasetNotFoundError
from datasets.table import CastError
from huggingface_hub.errors import DisabledRepoError, GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
from libcommon.errors import CodedError

from reader.confinement import OutsideDatasetError
from reader.hub import RevisionGone, chain, hub_trouble
from reader.scrub import scrub

_GONE = (RevisionNotFoundError, RepositoryNotFoundError, DisabledRepoError, DatasetNotFoundError)


@dataclass(frozen=True, slots=True)
class _Rule:
    types: type[BaseException] | tuple[type[BaseException], ...]
    says: str | None  # a part of the exception's message
    code: str
    message: str

    def fits(self, error: BaseException) -> bool:
        return isinstance(error, self.types) and (self.says is None or self.says in str(error))


_UNLIKE_TYPES = "A column does not have the same type in all data files, or not the declared one: make them equal."
_OUTSIDE = (
    "README.md declares data files outside of the dataset: "
    "use paths relative to the root of the repository in data_files and data_dir."
)
_NO_MATCH = "No file matches the patterns of the config: correct data_files or data_dir in the configs of README.md."

_RULES = [
    _Rule(
        RuntimeError,
        "Dataset scripts are no longer supported",
        "DatasetWithScriptNotSupportedError",
        "The dataset needs a loading script (a .py file of its own name), and scripts are not run any more: "
        "convert the data to Parquet, CSV or JSON Lines and delete the script.",
    ),
    _Rule(OutsideDatasetError, None, "DataFilesNotFoundError", _OUTSIDE),
    _Rule(ValueError, "Data files don't belong to", "DataFilesNotFoundError", _OUTSIDE),
    _Rule(
        DataFilesNotFoundError,
        None,
        "DataFilesNotFoundError",
        "No data file of a supported format was found: add CSV, JSON Lines, Parquet, text, image, audio or video "
        "files, and check the patterns in the configs of README.md.",
    ),
    _Rule(EmptyDatasetError, "for config", "DataFilesNotFoundError", _NO_MATCH),
    _Rule(EmptyDatasetError, None, "EmptyDatasetError", "The dataset has no data files: add some."),
    _Rule(FileNotFoundError, "Unable to find", "DataFilesNotFoundError", _NO_MATCH),
    _Rule(
        ValueError,
        "Couldn't infer the same data file format for all splits",
        "FileFormatMismatchBetweenSplitsError",
        "The splits have files of different formats: use one format for all splits, or separate configs.",
    ),
    _Rule(
        yaml.YAMLError,
        None,
        "InvalidDatasetCardError",
        "The YAML block at the top of README.md is not valid: correct its syntax.",
    ),
    _Rule(
        ValueError,
        "Feature type",
        "InvalidDatasetCardError",
        "The features declared in README.md have a type that is not known: correct dataset_info.",
    ),
    _Rule(
        (ValueError, TypeError),
        "YAML",
        "InvalidDatasetCardError",
        "The YAML block at the top of README.md does not have the expected form: correct its configs.",
    ),
    _Rule(
        (ValueError, TypeError),
        "`data_files` should be",
        "InvalidDatasetCardError",
        "The configs in README.md do not have the expected form: "
        "data_files is a pattern, a list of patterns, or a list of objects with split and path.",
    ),
    _Rule(ValueError, "BuilderConfig", "ConfigNamesError", "The dataset has no such config."),
    _Rule(ValueError, "Bad split", "SplitsNamesError", "The config has no such split."),
    _Rule(
        (CastError, DatasetGenerationCastError),
        None,
        "DatasetGenerationCastError",
        "The data files of the split do not have the same columns: "
        "make them equal, or put the files into separate configs.",
    ),
    _Rule((TypeError, ValueError), "Couldn't cast", "DatasetGenerationCastError", _UNLIKE_TYPES),
    _Rule((pa.ArrowTypeError, pa.ArrowInvalid), "Unable to merge", "DatasetGenerationCastError", _UNLIKE_TYPES),
    _Rule(
        ValueError,
        "does not have a datasets dtype equivalent",
        "FeaturesError",
        "A column has an Arrow type that is not supported: convert it, for example a map to a list of structs.",
    ),
    _Rule(
        ImportError,
        None,
        "StreamingRowsError",
        "The format of the data files needs a library that this server does not have: convert the data to Parquet.",
    ),
    _Rule(
        NotImplementedError,
        None,
        "StreamingRowsError",
        "The data files cannot be read without being downloaded whole, and are too large for that: "
        "convert them to Parquet, CSV or JSON Lines, or pack files into zip archives.",
    ),
    _Rule(
        UnicodeDecodeError,
        None,
        "CorruptDataError",
        "A data file is not encoded in UTF-8: convert it, or set the encoding in the configs of README.md.",
    ),
    _Rule(
        pd.errors.EmptyDataError,
        None,
        "CorruptDataError",
        "A CSV file of the split is empty: give it a header line, or remove it.",
    ),
    _Rule(
        pd.errors.ParserError,
        None,
        "CorruptDataError",
        "A CSV file could not be parsed: check that every line has the columns of the header and quotes are closed.",
    ),
    _Rule(
        RecursionError,
        None,
        "CorruptDataError",
        "README.md or a value of the data is nested too deeply: flatten it.",
    ),
    _Rule(
        StopIteration,
        None,
        "EmptyDatasetError",
        "A data file of the split is empty: add rows to it, or remove it.",
    ),
    _Rule(
        OSError,
        "Corrupt",
        "CorruptDataError",
        "A data file is damaged inside: upload it again.",
    ),
    _Rule(
        pa.ArrowInvalid,
        "Parquet",
        "CorruptDataError",
        "A Parquet file is damaged or is not Parquet: upload it again.",
    ),
    _Rule(
        pa.ArrowInvalid,
        "JSON",
        "CorruptDataError",
        "A JSON file could not be parsed: check that every line is one JSON object, all with the same types.",
    ),
    _Rule(
        (pa.ArrowInvalid, pa.ArrowSerializationError),
        None,
        "CorruptDataError",
        "A data file is damaged or is not in the format that its name says: upload it again.",
    ),
]


@contextmanager
def translated(default: str) -> Iterator[None]:
    """Within the block, what a library raises becomes a `CodedError`.

    `default` is the code for a data fault that the table does not know; other unknown exceptions become
    `UnexpectedError`, with the original as their `__cause__`.

    Raises:
        CodedError: instead of the library's exception.
        RevisionGone: the pinned revision, or the dataset, is not on the Hub any more.
    """
    try:
        yield
    except (CodedError, RevisionGone):
        raise
    except Exception as error:
        raise translate(error, default) from error


def translate(error: Exception, default: str) -> CodedError | RevisionGone:
    """What `translated` raises for `error`."""
    links = list(chain(error))
    return (
        _about_access(links)
        or hub_trouble(error)
        or _about_the_machine(links)
        or _about_the_data(links)
        or _unknown(error, default)
    )


def _about_access(links: list[BaseException]) -> CodedError | RevisionGone | None:
    for link in links:
        # The library drops the GatedRepoError behind its own error and leaves only the words.
        if isinstance(link, GatedRepoError) or (
            isinstance(link, DatasetNotFoundError) and "is a gated dataset" in str(link)
        ):
            message = "The dataset is gated and this server was not given access: ask its authors."
            return _coded("DatasetNotFoundError", message, link)
    if any(isinstance(link, _GONE) for link in links):
        return RevisionGone()
    return None


def _about_the_machine(links: list[BaseException]) -> CodedError | None:
    for link in links:
        if isinstance(link, MemoryError | pa.ArrowMemoryError):
            return _coded("JobOutOfMemoryError", "Reading the data needed more memory than a job may use.", link)
        if isinstance(link, OSError) and link.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            return _coded("DiskError", "The server could not write to its disk.", link)
    return None


def _about_the_data(links: list[BaseException]) -> CodedError | None:
    for rule in _RULES:
        for link in links:
            if rule.fits(link):
                return _coded(rule.code, rule.message, link)
    return None


_DEFAULTS: dict[str, str] = {
    "ConfigNamesError": "The configs of the dataset could not be listed: check README.md and the data files.",
    "SplitsNamesError": "The splits of the config could not be listed: check its data_files in README.md.",
    "StreamingRowsError": "The rows of the split could not be read: check that its files are complete and well-formed.",
    "FeaturesError": "The columns of the split could not be determined: check that its files are well-formed.",
}
_FAULTS_OF_DATA: tuple[type[Exception], ...] = (ValueError, TypeError, KeyError, FileNotFoundError, pa.ArrowException)


def _unknown(error: Exception, default: str) -> CodedError:
    if isinstance(error, _FAULTS_OF_DATA):
        return _coded(default, _DEFAULTS[default], error)
    return _coded("UnexpectedError", "An unexpected error: the server's operators have to look at it.", error)


def _coded(code: str, message: str, error: BaseException) -> CodedError:
    return CodedError(code, message, cause_exception=type(error).__name__, cause_message=scrub(str(error)))
