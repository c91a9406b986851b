"""`python -m worker jobs`: what operators do with the queue by hand. Its settings come by environment.

Exit code 0: done; 1: nothing was found, or nothing had to be changed; 2: bad usage, or Mongo can't be used.
"""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libcommon.jsons import dumps
from libcommon.mongo import connect
from libcommon.names import is_dataset_name
from libcommon.settings import MongoSettings
from libqueue.inspection import Inspection
from libqueue.model import JobKey, Limits, Status
from libqueue.pauses import Scope
from libqueue.queue import Queue
from libqueue.replaying import replay, replay_all
from libqueue.schema import ALIAS
from libqueue.settings import QueueSettings
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from worker.jobs_text import Listing, key_text, list_text, plain, show_text

# What a job of each type is about beyond its dataset. `worker.jobs` has the types too, with all that they run with.
PARTS: dict[str, tuple[str, ...]] = {"datasets": (), "splits": ("config", "split")}
_DEAD = "dead"
_LIMIT = 50
_ABOUT_CANCELLING = (
    "Takes jobs out of the queue; a worker that runs one throws its result away. The answers that are stored stay "
    "as they are, and the next event of the dataset queues its jobs again."
)
_ABOUT_REPLAYING = "Queues jobs again that were given up; they start with all their attempts."
_ABOUT_PAUSING = "Starts no more such jobs, after a second; those that run go on."


class JobsSettings(MongoSettings, QueueSettings):
    """What the command is told by its environment: the same as the workers are."""


class _UsageError(Exception):
    """The arguments don't go together; the message says what was expected."""


class _NothingError(Exception):
    """There is nothing that the command could be about; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a command has to say: as JSON, and to be read."""

    document: Any
    text: str


class _Desk:
    """The queue, as the commands use it."""

    def __init__(self, database: Database[dict[str, Any]], limits: Limits) -> None:
        self.database = database
        self.queue = Queue(database, limits)
        self.inspection = Inspection(database)


def main(arguments: list[str]) -> int:
    """Does what the arguments say; returns the exit code.

    Raises:
        SystemExit: bad usage or settings, which stderr then explains, or --help.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    settings = JobsSettings.from_environment()
    try:
        database = connect(settings.mongo_url, settings.mongo_queue_database, ALIAS)
        reply: _Reply = given.command(_Desk(database, settings.limits), given)
    except _UsageError as error:
        parser.error(str(error))
    except _NothingError as error:
        print(error, file=sys.stderr)
        return 1
    except PyMongoError as error:
        print(f"MONGO_URL: {_trouble(error)}", file=sys.stderr)
        return 2
    _write(dumps(reply.document).decode() if given.json else reply.text)
    return 0


def _list(desk: _Desk, given: Namespace) -> _Reply:
    where = {"type_": given.type, "namespace": given.namespace, "dataset": given.dataset, "limit": given.limit}
    inspection = desk.inspection
    status = Status(given.status) if given.status not in (None, _DEAD) else None
    listing = Listing(
        at=inspection.now(),
        counts=inspection.counts(),
        pauses=inspection.pauses(),
        jobs=[] if given.status == _DEAD else inspection.jobs(**where, status=status),
        dead=[] if status else inspection.dead(**where),
    )
    return _Reply(listing, list_text(listing, given.limit))


def _show(desk: _Desk, given: Namespace) -> _Reply:
    key = _key(given)
    view = desk.inspection.job(key)
    if view is None:
        raise _NothingError(f"{key_text(key)}: no such job waits, runs, is dead or ended lately")
    return _Reply(view, show_text(key, view, desk.inspection.now()))


def _replay(desk: _Desk, given: Namespace) -> _Reply:
    if not given.all_dead:
        if given.of_type is not None or given.code is not None:
            raise _UsageError("--type and --code choose among --all-dead")
        key = _key(given)
        if not replay(desk.database, desk.queue, key):
            raise _NothingError(f"{key_text(key)}: no such job is dead")
        return _Reply({"replayed": 1}, f"{key_text(key)} is queued again")
    if given.type is not None:
        raise _UsageError("give a job or --all-dead, not both")
    replayed = replay_all(desk.database, desk.queue, type_=given.of_type, code=given.code)
    if not replayed:
        raise _NothingError("no such job is dead")
    return _Reply({"replayed": replayed}, f"queued again: {replayed}")


def _cancel(desk: _Desk, given: Namespace) -> _Reply:
    if given.whole_dataset is None:
        key = _key(given)
        if not desk.queue.cancel_one(key):
            raise _NothingError(f"{key_text(key)}: no such job waits or runs")
        return _Reply({"cancelled": 1}, f"{key_text(key)} is cancelled")
    if given.type is not None:
        raise _UsageError("give a job or --dataset, not both")
    cancelled = desk.queue.cancel(given.whole_dataset)
    if not cancelled:
        raise _NothingError(f"{given.whole_dataset}: no job of this dataset waits or runs")
    return _Reply({"cancelled": cancelled}, f"cancelled: {cancelled}")


def _pause(desk: _Desk, given: Namespace) -> _Reply:
    scope, name = _pausable(given)
    if any((pause.scope, pause.name) == (scope, name) for pause in desk.inspection.pauses()):
        raise _NothingError(f"{scope} {name} is paused already")
    desk.queue.pause(scope, name)
    return _Reply({"paused": {"scope": scope, "name": name}}, f"{scope} {name} is paused")


def _resume(desk: _Desk, given: Namespace) -> _Reply:
    scope, name = _pausable(given)
    if not desk.queue.resume(scope, name):
        raise _NothingError(f"{scope} {name} is not paused")
    return _Reply({"resumed": {"scope": scope, "name": name}}, f"{scope} {name} goes on")


def _key(given: Namespace) -> JobKey:
    if given.type is None or given.dataset is None:
        raise _UsageError("expected a job: TYPE DATASET [CONFIG SPLIT]")
    parts = PARTS[given.type]
    values = [value for value in (given.config, given.split) if value is not None]
    if len(values) != len(parts):
        expected = " ".join(("DATASET", *(part.upper() for part in parts)))
        raise _UsageError(f"a job of type {given.type} is named by {expected}")
    return JobKey(given.type, given.dataset, *values)


def _pausable(given: Namespace) -> tuple[Scope, str]:
    scope = Scope(given.scope)
    check: dict[Scope, Callable[[str], str]] = {
        Scope.TYPE: _type,
        Scope.NAMESPACE: _namespace,
        Scope.DATASET: _dataset,
    }
    try:
        return scope, check[scope](given.name)
    except ArgumentTypeError as error:
        raise _UsageError(str(error)) from None


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m worker jobs", description="Looks after the queue of jobs.", epilog=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, does: Callable[[_Desk, Namespace], _Reply], short: str, more: str = "") -> ArgumentParser:
        added = commands.add_parser(name, help=short, description=more or short)
        added.add_argument("--json", action="store_true", help="say it as one JSON document")
        added.set_defaults(command=does)
        return added

    listing = command("list", _list, "Counts, what is paused, the jobs and the dead")
    listing.add_argument("--status", choices=[*Status, _DEAD])
    listing.add_argument("--type", type=_type)
    listing.add_argument("--namespace", type=_namespace)
    listing.add_argument("--dataset", type=_dataset)
    listing.add_argument("--limit", type=_positive, default=_LIMIT, help=f"how many at most ({_LIMIT})")

    _add_key(command("show", _show, "All there is about one job"))

    replaying = command("replay", _replay, "Queue dead jobs again", _ABOUT_REPLAYING)
    _add_key(replaying)
    replaying.add_argument("--all-dead", action="store_true", help="all that are dead, instead of one job")
    replaying.add_argument("--type", dest="of_type", metavar="TYPE", type=_type, help="of those, the ones of a type")
    replaying.add_argument("--code", help="of those, the ones that ended with an error of this code")

    cancelling = command("cancel", _cancel, "Take jobs out of the queue", _ABOUT_CANCELLING)
    _add_key(cancelling)
    cancelling.add_argument(
        "--dataset", dest="whole_dataset", metavar="DATASET", type=_dataset, help="all jobs of a dataset"
    )

    for name, does, short, more in (
        ("pause", _pause, "Start no more jobs of a type, a namespace or a dataset", _ABOUT_PAUSING),
        ("resume", _resume, "End a pause", ""),
    ):
        pausing = command(name, does, short, more)
        pausing.add_argument("scope", choices=list(Scope))
        pausing.add_argument("name")
    return parser


def _add_key(parser: ArgumentParser) -> None:
    parser.add_argument("type", metavar="TYPE", nargs="?", type=_type, help=" or ".join(PARTS))
    parser.add_argument("dataset", metavar="DATASET", nargs="?", type=_dataset)
    parser.add_argument("config", metavar="CONFIG", nargs="?")
    parser.add_argument("split", metavar="SPLIT", nargs="?")


def _type(value: str) -> str:
    if value not in PARTS:
        raise ArgumentTypeError(f"{plain(value)} is no type of job; expected {' or '.join(PARTS)}")
    return value


def _dataset(value: str) -> str:
    if not is_dataset_name(value):
        raise ArgumentTypeError(f"{plain(value)} is no name of a dataset; expected NAMESPACE/NAME or NAME")
    return value


def _namespace(value: str) -> str:
    if "/" in value or not is_dataset_name(value):
        raise ArgumentTypeError(f"{plain(value)} is no namespace; expected the part of a dataset's name before the /")
    return value


def _positive(value: str) -> int:
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
