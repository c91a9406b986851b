"""`python -m services.worker.tests.fuzz`: damages good files until a reader goes wrong over one.

Exit code 0: nothing was found; 1: something was, and is in a folder.
"""

import argparse
import math
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from services.worker.tests.fuzz import findings, planted
from services.worker.tests.fuzz.damage import Seeds
from services.worker.tests.fuzz.rounds import run_round
from services.worker.tests.fuzz.targets import TARGETS
from services.worker.tests.fuzz.trial import Trial, running_subject

_INPUTS_OF_A_ROUND = 200
_PROGRAM = "python -m services.worker.tests.fuzz"


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=__doc__)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="how long to search at most")
    parser.add_argument("--rounds", type=int, help="how many of each target (default: 1, or till the time is over)")
    parser.add_argument("--seed", type=int, default=os.environ.get("SEED") or None, help="SEED, or one by chance")
    parser.add_argument("--target", action="append", choices=[*TARGETS, planted.NAME], help="default: all, in turns")
    parser.add_argument("--inputs", type=int, default=_INPUTS_OF_A_ROUND, help="how many in a round (default 200)")
    parser.add_argument("--found", type=Path, metavar="DIR", help="where what is found is written (default: a new one)")
    parser.add_argument("--repeat", type=Path, metavar="DIR", help="try what is in a folder of a finding, and no more")
    given = parser.parse_args(arguments)
    if given.repeat:
        return _repeat(given.repeat)
    seed = random.randrange(1 << 32) if given.seed is None else given.seed
    folder = given.found or Path(tempfile.mkdtemp(prefix="fuzz-found-"))
    print(f"SEED={seed}", flush=True)
    rounds = given.rounds or (1 if math.isinf(given.seconds) else sys.maxsize)
    turns = ((number, target) for number in range(rounds) for target in given.target or TARGETS)
    found = _search(turns, seed, given.inputs, time.monotonic() + given.seconds, folder)
    if not found:
        print("nothing was found")
        return 0
    print(f"SEED={seed}: {found} found, in {folder}")
    return 1


def _search(turns: Iterable[tuple[int, str]], seed: int, inputs: int, deadline: float, folder: Path) -> int:
    """How many things are found in the rounds of targets, which are taken in turns."""
    searched: dict[str, tuple[Seeds, Trial]] = {}
    known = defaultdict[str, set[str]](set)
    with running_subject() as trial_of:
        for number, target in turns:
            if time.monotonic() > deadline:
                break
            if target not in searched:
                searched[target] = _seeds_of(target), trial_of(target)
            seeds, trial = searched[target]
            round_seed = _number(seed, target, number)
            tried = run_round(seeds, trial.judge, round_seed, inputs, known=known[target], deadline=deadline)
            outcomes = ", ".join(f"{count} {outcome}" for outcome, count in Counter(tried.outcomes).most_common())
            print(f"{target}, round {number}: {tried.inputs} inputs ({tried.digest}): {outcomes}", flush=True)
            if tried.found is not None:
                files, verdict = tried.found
                known[target].add(str(verdict.kind))
                written = findings.write(folder, target, files, verdict)
                print(f"FOUND {verdict.trouble}\nagain: {_PROGRAM} --repeat {written}", flush=True)
    return sum(map(len, known.values()))


def _seeds_of(target: str) -> Seeds:
    seeds = planted.SEEDS if target == planted.NAME else TARGETS[target].seeds()
    return Seeds(seeds, cards=target == "cards")


def _number(*parts: object) -> int:
    return int.from_bytes(sha256(repr(parts).encode()).digest()[:8])


def _repeat(folder: Path) -> int:
    target, files = findings.read(folder)
    with running_subject() as trial_of:
        verdict = trial_of(target).judge(files)
    print(verdict.trouble or verdict.outcome)
    return 0 if verdict.trouble is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
