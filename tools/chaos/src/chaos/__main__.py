"""`python -m chaos`: makes trouble and says whether everything held. Exit code 0: it did; 1: it did not."""

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

from stack.errors import StackError

from chaos.run import Run, StartError
from chaos.scene import Scene


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long the trouble lasts (default 120)")
    parser.add_argument("--seed", type=int, default=os.environ.get("SEED"), help="SEED, or one by chance")
    parser.add_argument("--datasets", type=int, default=40, help="how many there are (default 40)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="use this new folder, and keep it when all held too")
    found = parser.parse_args(arguments)
    seed = random.randrange(1 << 32) if found.seed is None else found.seed
    if found.keep:
        try:
            found.keep.mkdir(parents=True)
        except OSError as error:
            parser.error(f"--keep: {found.keep} can't be made: {error.strerror}")
    directory = (found.keep or Path(tempfile.mkdtemp(prefix="chaos-"))).absolute()
    print(f"SEED={seed}; everything is in {directory}", flush=True)
    run = Run(Scene(directory), found.datasets, found.seconds, seed, os.environ.get("CHAOS_UNFENCED") == "1")
    try:
        run.go()
    except (StackError, StartError) as error:
        run.broken.append(str(error))
    print(run.counts)
    if not run.broken:
        print("everything held")
        if not found.keep:
            shutil.rmtree(directory)
        return 0
    print(f"\nSEED={seed}: {len(run.broken)} broken; the logs, the journal and the data stay in {directory}")
    for broken in run.broken:
        print(f"- {broken}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
