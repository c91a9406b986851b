"""How soon an added job is claimed: by workers that wait for one, and by workers that are busy with others' jobs.

The clock runs from before `add` to after `claim`.
"""

import random
import time

from libcommon.mongo import disconnect
from libqueue.model import JobKey, Outcome
from libqueue.queue import Queue
from libqueue.schema import ALIAS, open_queue_database
from libqueue.upkeep import Upkeep
from libqueue.waking import Waking

from bench.queue.backlog import LIMITS, TYPE, fill
from bench.queue.team import Member, Team
from bench.table import seconds_table

_LONE = "lone"
# As the worker waits.
_IDLE_SECONDS = 0.5
# By then all wait again, and polling is at its slowest.
_BETWEEN_SECONDS = (0.5, 0.8)
_BUSY_NAMESPACES = 100
# More than are claimed while one lone job waits for its turn.
_BUSY_JOBS = 500


def measure(url: str, prefix: str, alone: Team, many: Team, samples: int) -> None:
    """Prints the table."""
    idle, busy = f"{prefix}_idle", f"{prefix}_busy"
    rows = {}
    for team in (alone, many):
        rows[f"{team.size} idle, change stream"] = _idle(team, url, idle, samples, streams=True)
        rows[f"{team.size} idle, polling"] = _idle(team, url, idle, samples, streams=False)
    rows[f"{many.size} busy with {_BUSY_NAMESPACES} other namespaces"] = _busy(many, url, busy, samples)
    print("\nFrom adding a job to its claim.")
    print(seconds_table(rows))


def work(member: Member, name: str, streams: bool) -> None:
    """A member's task: the worker's loop with jobs that are nothing to do; tells when it claimed a lone one."""
    database = member.database(name)
    queue, upkeep, waking = Queue(database, LIMITS), Upkeep(database, LIMITS), Waking(database, TYPE)
    # What it finds out by itself on a server without change streams.
    waking._streams = streams
    member.together()
    while not member.stopping.is_set():
        upkeep.run_when_due()
        claim = queue.claim(TYPE, f"bench-{member.number}")
        if claim is None:
            waking.wait(_IDLE_SECONDS)
            continue
        claimed = time.monotonic_ns()
        waking.rest()
        if claim.key.namespace == _LONE:
            member.news.put((claim.key, claimed))
        queue.finish(claim, Outcome.DONE)
    waking.rest()


def _idle(team: Team, url: str, name: str, samples: int, *, streams: bool) -> list[float]:
    fill(url, name, 0, 1)
    with team.doing(work, name, streams):
        return _add_one_after_the_other(team, url, name, samples, _BETWEEN_SECONDS)


def _busy(team: Team, url: str, name: str, samples: int) -> list[float]:
    fill(url, name, _BUSY_JOBS * (samples + 1), _BUSY_NAMESPACES)
    with team.doing(work, name, True):
        return _add_one_after_the_other(team, url, name, samples, (0.0, 0.1))


def _add_one_after_the_other(
    team: Team, url: str, name: str, samples: int, between: tuple[float, float]
) -> list[float]:
    queue = Queue(open_queue_database(url, name), LIMITS)
    try:
        # The first finds the processes still starting.
        return [_add(team, queue, number, between) for number in range(samples + 1)][1:]
    finally:
        disconnect(ALIAS)


def _add(team: Team, queue: Queue, number: int, between: tuple[float, float]) -> float:
    key = JobKey(TYPE, f"{_LONE}/dataset-{number}", "default", "train")
    time.sleep(random.uniform(*between))
    added = time.monotonic_ns()
    queue.add(key)
    told, claimed = team.news()
    if told != key:
        raise RuntimeError(f"{told} was claimed instead of {key}")
    seconds: float = (claimed - added) / 1e9
    return seconds
