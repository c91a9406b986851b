"""`python -m bench NAME [OPTION]...`: runs one benchmark and prints its table."""

import sys
from importlib import import_module

from bench.errors import BenchError

# Imported when it runs: the processes that a benchmark starts import this module too.
BENCHMARKS = {
    "push": "bench.push",
    "queue": "bench.queue.command",
    "rows": "bench.rows.command",
    "jobs": "bench.jobs",
    "api": "bench.api.command",
    "scaling": "bench.scaling",
}


def main(arguments: list[str]) -> int:
    """Runs the benchmark that is named; returns the exit code."""
    if not arguments or arguments[0] not in BENCHMARKS:
        print(f"usage: python -m bench {{{'|'.join(BENCHMARKS)}}} [--help]", file=sys.stderr)
        return 2
    try:
        import_module(BENCHMARKS[arguments[0]]).main(arguments[1:])
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
