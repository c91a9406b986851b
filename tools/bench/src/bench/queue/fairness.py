"""Whether namespaces with one job each get their turn beside one that has many."""

import time

from libcommon.mongo import disconnect
from libqueue.model import JobKey, Outcome
from libqueue.queue import Queue
from libqueue.schema import ALIAS, open_queue_database
from libqueue.turns import SPREAD

from bench.queue.backlog import LIMITS, TYPE, fill
from bench.queue.team import Member, Team
from bench.table import Aim

_SINGLES = 100
_SINGLE = "single-"


def measure(url: str, prefix: str, crowd: int, team: Team) -> list[Aim]:
    """Prints when those with one job started; returns the bound that is stated."""
    name = f"{prefix}_fairness"
    fill(url, name, crowd, 1)
    queue = Queue(open_queue_database(url, name), LIMITS)
    for number in range(_SINGLES):
        queue.add(JobKey(TYPE, f"{_SINGLE}{number}/dataset", "default", "train"))
    disconnect(ALIAS)
    bound = 1 + _SINGLES + team.size * SPREAD
    starts = sorted(start for some in team.do(claim_on, name, -(-bound // team.size)) for start in some)
    places = [place for place, (_, namespace) in enumerate(starts, 1) if namespace.startswith(_SINGLE)]
    print(f"\nOne namespace with {crowd:,} jobs, then {_SINGLES} with one each, {team.size} processes:")
    print(f"{len(places)} of the {_SINGLES} started within the first {len(starts)} claims.")
    last = places[-1] if len(places) == _SINGLES else bound + 1
    return [Aim(f"claims until all {_SINGLES} small namespaces started", last, "<=", bound, ".0f")]


def claim_on(member: Member, name: str, times: int) -> list[tuple[int, str]]:
    """A member's task: asks so often for a job and ends it; returns when it got one, and of which namespace."""
    queue = Queue(member.database(name), LIMITS)
    starts = []
    member.together()
    for _ in range(times):
        claim = queue.claim(TYPE, f"bench-{member.number}")
        if claim is not None:
            starts.append((time.monotonic_ns(), claim.key.namespace))
            queue.finish(claim, Outcome.DONE)
    return starts
