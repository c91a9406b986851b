"""A round: so many inputs of one target, chosen by a seed; what goes wrong is made as small as it gets."""

import random
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import FlakyFailure, HypothesisWarning

from services.worker.tests.corpus.case import Files
from services.worker.tests.fuzz.damage import Seeds, damaged
from services.worker.tests.fuzz.verdict import Verdict

# To make an input smaller; each try takes as long as the input.
_MAX_TRIES, _MAX_SLOW_TRIES = 400, 4


class _Found(Exception):  # noqa: N818 - what hypothesis looks for
    """An input goes wrong."""


class _Enough(BaseException):
    """Ends a round from within: hypothesis lets pass what is no `Exception`."""


@dataclass
class Tried:
    """What a round did: how many inputs, what came of them, and a digest that tells rounds apart."""

    inputs: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    digest: str = ""
    found: tuple[Files, Verdict] | None = None


def run_round(
    seeds: Seeds,
    judge: Callable[[Files], Verdict],
    number: int,
    inputs: int,
    *,
    known: set[str],
    deadline: float = float("inf"),
) -> Tried:
    """Tries `inputs` inputs, or fewer when the `deadline` of `time.monotonic()` comes or something is found.

    The same `number` makes the same inputs of the same seeds. Troubles of kinds that are `known` are passed over.
    """
    tried, digest, tries = Tried(), sha256(), 0

    @seed(number)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(damaged(seeds, number))
    def attempt(files: Files) -> None:
        nonlocal tries
        if tried.found is not None:
            tries += 1
            if tries > (_MAX_SLOW_TRIES if tried.found[1].slow else _MAX_TRIES):
                raise _Enough
        if time.monotonic() > deadline:
            raise _Enough
        verdict = judge(files)
        if tried.found is None:
            tried.inputs += 1
            tried.outcomes[verdict.outcome] = tried.outcomes.get(verdict.outcome, 0) + 1
            digest.update(repr(sorted(files.items())).encode())
        if verdict.trouble is None or verdict.kind in known:
            return
        if tried.found is None or (verdict.kind == tried.found[1].kind and _length(files) <= _length(tried.found[0])):
            tried.found = files, verdict
        if verdict.kind == tried.found[1].kind:
            raise _Found

    # Some code of hypothesis, and of the strategies, uses the global generator.
    random.seed(number)
    with warnings.catch_warnings(), suppress(_Found, FlakyFailure, _Enough):
        warnings.simplefilter("ignore", HypothesisWarning)  # of long inputs
        attempt()
    tried.digest = digest.hexdigest()[:12]
    return tried


def _length(files: Files) -> int:
    return sum(map(len, files.values()))
