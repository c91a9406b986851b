"""From an exception of a library to an error of the catalogue with a sentence for the dataset's author.

The tables (`card_errors`, then `data_errors`) are read from the top, and the first rule that fits wins, over the
exception and all that hides behind it.
"""

import errno
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from datasets.exceptions import DatasetNotFoundError
from huggingface_hub.errors import DisabledRepoError, GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
from libcommon.errors import CodedError

from reader.card_errors import CARD_RULES
from reader.data_errors import DATA_RULES
from reader.hub import RevisionGone, chain, hub_trouble
from reader.scrub import scrub

# What is asked for when only README.md and the names of files were read.
_OF_LISTING = ("ConfigNamesError", "SplitsNamesError")
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
_GONE = (RevisionNotFoundError, RepositoryNotFoundError, DisabledRepoError, DatasetNotFoundError)


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
        or _about_the_data(links, listing=default in _OF_LISTING)
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
        if isinstance(link, OSError) and link.errno in _DISK_ERRORS:
            return _coded("DiskError", "The server could not write to its disk.", link)
    return None


def _about_the_data(links: list[BaseException], *, listing: bool) -> CodedError | None:
    for rule in (*CARD_RULES, *DATA_RULES):
        for link in links:
            if rule.fits(link, listing=listing):
                return _coded(rule.code, rule.write(link, links), link)
    return None


_DEFAULTS: dict[str, str] = {
    "ConfigNamesError": "The configs of the dataset could not be listed: check README.md and the data files.",
    "SplitsNamesError": "The splits of the config could not be listed: check its data_files in README.md.",
    "StreamingRowsError": "The rows of the split could not be read: check that its files are complete and well-formed.",
    "FeaturesError": "The columns of the split could not be determined: check that its files are well-formed.",
}
_FAULTS_OF_DATA: tuple[type[Exception], ...] = (ValueError, TypeError, KeyError, FileNotFoundError, pa.ArrowException)


def _unknown(error: Exception, default: str) -> CodedError:
    if isinstance(error, _FAULTS_OF_DATA) or _is_of_arrow(error):
        return _coded(default, _DEFAULTS[default], error)
    return _coded("UnexpectedError", "An unexpected error: the server's operators have to look at it.", error)


def _is_of_arrow(error: Exception) -> bool:
    """Whether Arrow raised it: what is wrong inside of a Parquet file is to Python an `OSError` without a number."""
    frames = traceback.extract_tb(error.__traceback__)
    return type(error) is OSError and error.errno is None and bool(frames) and frames[-1].filename.startswith("pyarrow")


def _coded(code: str, message: str, error: BaseException) -> CodedError:
    return CodedError(code, message, cause_exception=type(error).__name__, cause_message=scrub(str(error)))
