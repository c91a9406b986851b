"""`python -m worker assets`: what operators do with the media files by hand. Its settings come by environment.

Exit code 0: done; 1: nothing had to be changed; 2: bad usage, or Mongo or the directory can't be used.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from libcache.answers import Answers
from libcache.assets import Assets
from libcache.auditing import broken_answers, survey
from libcache.records import Records
from libcache.schema import open_cache_database
from libcache.sweeping import Place, Sweeper, Swept
from libcache.usage import Usage
from libcommon.settings import MongoSettings
from libqueue.model import JobKey
from libqueue.queue import Queue
from libqueue.schema import open_queue_database
from libqueue.settings import QueueSettings

from worker.assets_settings import AssetsSettings
from worker.assets_text import Report, report_text, size_text
from worker.commands import NothingError, Reply, answer, positive
from worker.scratch import remove_abandoned

_LIMIT = 20
_ABOUT_REPORTING = "Walks over all files and all answers that point to some, and changes nothing."
_ABOUT_SWEEPING = "Does now, and at once, what the workers do now and then: see ASSETS_SWEEP_INTERVAL_SECONDS."
_ABOUT_REPAIRING = (
    "Queues the jobs again whose answers point to files that aren't there. The answers stay until these have run."
)


class AssetsCommandSettings(MongoSettings, QueueSettings, AssetsSettings):
    """What the command is told by its environment: the same as the workers are."""


class _Desk:
    """What the commands use."""

    def __init__(self, settings: AssetsCommandSettings) -> None:
        database = open_cache_database(settings.mongo_url, settings.mongo_cache_database)
        self.settings = settings
        self.records = Records(database)
        self.answers = Answers(database)
        self.assets = Assets(settings.assets_directory)
        self.usage = Usage(database, settings.assets_quota_bytes)
        self.sweeper = Sweeper(self.assets, self.records, self.answers, settings.assets_grace_seconds)

    def queue(self) -> Queue:
        """Where jobs are queued again."""
        settings = self.settings
        return Queue(open_queue_database(settings.mongo_url, settings.mongo_queue_database), settings.limits)


def main(arguments: list[str]) -> int:
    """Does what the arguments say; returns the exit code.

    Raises:
        SystemExit: bad usage or settings, which stderr then explains, or --help.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    settings = AssetsCommandSettings.from_environment()
    # Where a volume isn't mounted, every file would be missing.
    if not settings.assets_directory.is_dir():
        print("ASSETS_DIRECTORY: there is no such folder; expected the one of the workers", file=sys.stderr)
        return 2

    def reply() -> Reply:
        said: Reply = given.command(_Desk(settings), given)
        return said

    try:
        return answer(parser, reply, as_json=given.json)
    except OSError as error:
        print(f"ASSETS_DIRECTORY: {error.strerror}: {error.filename}", file=sys.stderr)
        return 2


def _report(desk: _Desk, given: Namespace) -> Reply:
    report = Report.of(
        survey(desk.sweeper),
        list(broken_answers(desk.assets, desk.records, desk.answers)),
        desk.usage.measured(),
        desk.usage.quota,
        limit=given.limit,
    )
    return Reply(report, report_text(report, given.limit))


def _sweep(desk: _Desk, given: Namespace) -> Reply:
    begun = desk.usage.begin()
    remove_abandoned(desk.assets.staging)
    swept = Swept()
    for dataset in desk.sweeper.datasets():
        place: Place | None = Place(dataset)
        while place is not None:
            more, place = desk.sweeper.sweep(place)
            swept += more
    desk.usage.end(begun, swept.there)
    return Reply(swept, f"removed: {size_text(swept.removed)}; still there: {size_text(swept.there)}")


def _repair(desk: _Desk, given: Namespace) -> Reply:
    queue = desk.queue()
    queued = []
    for broken in broken_answers(desk.assets, desk.records, desk.answers):
        key = broken.key
        queue.add(JobKey("splits", key.dataset, key.config, key.split))
        queued.append({"dataset": key.dataset, "config": key.config, "split": key.split})
    if not queued:
        raise NothingError("every file that an answer points to is there")
    return Reply({"queued": queued}, f"queued again: {len(queued)}")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m worker assets", description="Looks after the media files.", epilog=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, does: Callable[[_Desk, Namespace], Reply], short: str, more: str) -> ArgumentParser:
        added = commands.add_parser(name, help=short, description=more)
        added.add_argument("--json", action="store_true", help="say it as one JSON document")
        added.set_defaults(command=does)
        return added

    reporting = command("report", _report, "What is there, and what is missing", _ABOUT_REPORTING)
    reporting.add_argument(
        "--limit", type=positive, default=_LIMIT, help=f"how many datasets and answers to list at most ({_LIMIT})"
    )
    command("sweep", _sweep, "Remove what no answer points to any more", _ABOUT_SWEEPING)
    command("repair", _repair, "Have missing files made again", _ABOUT_REPAIRING)
    return parser
