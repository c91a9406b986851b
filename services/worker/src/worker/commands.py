"""What the commands of operators have in common: how they end, and what they take.

Exit code 0: done; 1: nothing was found, or nothing had to be changed; 2: bad usage, or Mongo or a folder can't be used.
"""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libcommon.jsons import dumps
from libcommon.names import is_dataset_name
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from worker.tables import plain


class UsageError(Exception):
    """The arguments don't go together; the message says what was expected."""


class NothingError(Exception):
    """There is nothing that the command could be about; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command has to say: as JSON, and to be read."""

    document: Any
    text: str


def answer(parser: ArgumentParser, reply: Callable[[], Reply], *, as_json: bool) -> int:
    """Says what the command has to say; returns the exit code.

    Raises:
        SystemExit: bad usage, which stderr then explains.
    """
    try:
        said = reply()
    except UsageError as error:
        parser.error(str(error))
    except NothingError as error:
        print(error, file=sys.stderr)
        return 1
    except PyMongoError as error:
        print(f"MONGO_URL: {_trouble(error)}", file=sys.stderr)
        return 2
    _write(dumps(said.document).decode() if as_json else said.text)
    return 0


def dataset_name(value: str) -> str:
    """An argument that names a dataset.

    Raises:
        ArgumentTypeError: it doesn't.
    """
    if not is_dataset_name(value):
        raise ArgumentTypeError(f"{plain(value)} is no name of a dataset; expected NAMESPACE/NAME or NAME")
    return value


def positive(value: str) -> int:
    """An argument that is a limit.

    Raises:
        ArgumentTypeError: it isn't.
    """
    if not (value.isdecimal() and int(value) > 0):
        raise ArgumentTypeError(f"{plain(value)} is no limit; expected a whole number from 1 on")
    return int(value)


def _trouble(error: PyMongoError) -> str:
    if isinstance(error, ConnectionFailure):
        return "no Mongo server answers; expected one that runs and lets us in"
    if isinstance(error, OperationFailure) and error.details:
        return f"Mongo refuses: {plain(str(error.details.get('errmsg')))}"
    return f"Mongo can't be used: {type(error).__name__}"


def _write(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough; what is buffered still must not fail when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
