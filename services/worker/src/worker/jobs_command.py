"""`python -m worker jobs`: what operators do with the queue by hand. Its settings come by environment.

Exit code 0: done; 1: nothing was found, or nothing had to be changed; 2: bad usage, or Mongo can't be used.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any

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

from worker.commands import NothingError, Reply, UsageError, answer, dataset_name, positive
from worker.jobs_text import Listing, key_text, list_text, show_text
from worker.tables import plain

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

    def reply() -> Reply:
        database = connect(settings.mongo_url, settings.mongo_queue_database, ALIAS)
        said: Reply = given.command(_Desk(database, settings.limits), given)
        return said

    return answer(parser, reply, as_json=given.json)


def _list(desk: _Desk, given: Namespace) -> Reply:
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
    return Reply(listing, list_text(listing, given.limit))


def _show(desk: _Desk, given: Namespace) -> Reply:
    key = _key(given)
    view = desk.inspection.job(key)
    if view is None:
        raise NothingError(f"{key_text(key)}: no such job waits, runs, is dead or ended lately")
    return Reply(view, show_text(key, view, desk.inspection.now()))


def _replay(desk: _Desk, given: Namespace) -> Reply:
    if not given.all_dead:
        if given.of_type is not None or given.code is not None:
            raise UsageError("--type and --code choose among --all-dead")
        key = _key(given)
        if not replay(desk.database, desk.queue, key):
            raise NothingError(f"{key_text(key)}: no such job is dead")
        return Reply({"replayed": 1}, f"{key_text(key)} is queued again")
    if given.type is not None:
        raise UsageError("give a job or --all-dead, not both")
    replayed = replay_all(desk.database, desk.queue, type_=given.of_type, code=given.code)
    if not replayed:
        raise NothingError("no such job is dead")
    return Reply({"replayed": replayed}, f"queued again: {replayed}")


def _cancel(desk: _Desk, given: Namespace) -> Reply:
    if given.whole_dataset is None:
        key = _key(given)
        if not desk.queue.cancel_one(key):
            raise NothingError(f"{key_text(key)}: no such job waits or runs")
        return Reply({"cancelled": 1}, f"{key_text(key)} is cancelled")
    if given.type is not None:
        raise UsageError("give a job or --dataset, not both")
    cancelled = desk.queue.cancel(given.whole_dataset)
    if not cancelled:
        raise NothingError(f"{given.whole_dataset}: no job of this dataset waits or runs")
    return Reply({"cancelled": cancelled}, f"cancelled: {cancelled}")


def _pause(desk: _Desk, given: Namespace) -> Reply:
    scope, name = _pausable(given)
    if any((pause.scope, pause.name) == (scope, name) for pause in desk.inspection.pauses()):
        raise NothingError(f"{scope} {name} is paused already")
    desk.queue.pause(scope, name)
    return Reply({"paused": {"scope": scope, "name": name}}, f"{scope} {name} is paused")


def _resume(desk: _Desk, given: Namespace) -> Reply:
    scope, name = _pausable(given)
    if not desk.queue.resume(scope, name):
        raise NothingError(f"{scope} {name} is not paused")
    return Reply({"resumed": {"scope": scope, "name": name}}, f"{scope} {name} goes on")


def _key(given: Namespace) -> JobKey:
    if given.type is None or given.dataset is None:
        raise UsageError("expected a job: TYPE DATASET [CONFIG SPLIT]")
    parts = PARTS[given.type]
    values = [value for value in (given.config, given.split) if value is not None]
    if len(values) != len(parts):
        expected = " ".join(("DATASET", *(part.upper() for part in parts)))
        raise UsageError(f"a job of type {given.type} is named by {expected}")
    return JobKey(given.type, given.dataset, *values)


def _pausable(given: Namespace) -> tuple[Scope, str]:
    scope = Scope(given.scope)
    check: dict[Scope, Callable[[str], str]] = {
        Scope.TYPE: _type,
        Scope.NAMESPACE: _namespace,
        Scope.DATASET: dataset_name,
    }
    try:
        return scope, check[scope](given.name)
    except ArgumentTypeError as error:
        raise UsageError(str(error)) from None


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m worker jobs", description="Looks after the queue of jobs.", epilog=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, does: Callable[[_Desk, Namespace], Reply], short: str, more: str = "") -> ArgumentParser:
        added = commands.add_parser(name, help=short, description=more or short)
        added.add_argument("--json", action="store_true", help="say it as one JSON document")
        added.set_defaults(command=does)
        return added

    listing = command("list", _list, "Counts, what is paused, the jobs and the dead")
    listing.add_argument("--status", choices=[*Status, _DEAD])
    listing.add_argument("--type", type=_type)
    listing.add_argument("--namespace", type=_namespace)
    listing.add_argument("--dataset", type=dataset_name)
    listing.add_argument("--limit", type=positive, default=_LIMIT, help=f"how many at most ({_LIMIT})")

    _add_key(command("show", _show, "All there is about one job"))

    replaying = command("replay", _replay, "Queue dead jobs again", _ABOUT_REPLAYING)
    _add_key(replaying)
    replaying.add_argument("--all-dead", action="store_true", help="all that are dead, instead of one job")
    replaying.add_argument("--type", dest="of_type", metavar="TYPE", type=_type, help="of those, the ones of a type")
    replaying.add_argument("--code", help="of those, the ones that ended with an error of this code")

    cancelling = command("cancel", _cancel, "Take jobs out of the queue", _ABOUT_CANCELLING)
    _add_key(cancelling)
    cancelling.add_argument(
        "--dataset", dest="whole_dataset", metavar="DATASET", type=dataset_name, help="all jobs of a dataset"
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
    parser.add_argument("dataset", metavar="DATASET", nargs="?", type=dataset_name)
    parser.add_argument("config", metavar="CONFIG", nargs="?")
    parser.add_argument("split", metavar="SPLIT", nargs="?")


def _type(value: str) -> str:
    if value not in PARTS:
        raise ArgumentTypeError(f"{plain(value)} is no type of job; expected {' or '.join(PARTS)}")
    return value


def _namespace(value: str) -> str:
    if "/" in value or not is_dataset_name(value):
        raise ArgumentTypeError(f"{plain(value)} is no namespace; expected the part of a dataset's name before the /")
    return value
