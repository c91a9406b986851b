"""`python -m bench NAME`: runs one benchmark and prints its table."""

import sys

from bench import push

BENCHMARKS = {"push": push.main}


def main(arguments: list[str]) -> int:
    """Runs the benchmark that is named; returns the exit code."""
    if len(arguments) != 1 or arguments[0] not in BENCHMARKS:
        print(f"usage: python -m bench {{{'|'.join(BENCHMARKS)}}}", file=sys.stderr)
        return 2
    BENCHMARKS[arguments[0]]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
