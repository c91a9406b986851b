"""A process that claims jobs until SIGTERM, and writes down when it held which: `claimer.py URL DATABASE LOG SEED`."""

import os
import random
import signal
import sys
import threading
import time

from libqueue.model import LeaseLostError, Limits, Outcome, Setback
from libqueue.queue import Queue
from libqueue.schema import open_queue_database
from libqueue.upkeep import Upkeep

LIMITS = Limits(lease_seconds=3.0, max_jobs_per_dataset=1, max_jobs_per_namespace=2)


def main(url: str, name: str, log_path: str, seed: int) -> None:
    chance = random.Random(seed)
    database = open_queue_database(url, name)
    queue = Queue(database, LIMITS)
    upkeep = Upkeep(database, LIMITS)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    owner = f"claimer-{os.getpid()}"
    log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(what: str, key: object) -> None:
        os.write(log, f"{time.monotonic_ns()} {os.getpid()} {what} {key}\n".encode())

    while not stopping.is_set():
        upkeep.run_when_due()
        claim = queue.claim("splits", owner)
        if claim is None:
            stopping.wait(chance.uniform(0.005, 0.02))
            continue
        note("begin", claim.key)
        try:
            for _ in range(chance.randrange(1, 6)):
                queue.beat(claim)
            fate = chance.random()
            note("end", claim.key)
            if fate < 0.1:
                queue.release(claim)
            elif fate < 0.2:
                queue.retry(claim, delay_seconds=0.05, setback=Setback.FAILURE)
            else:
                queue.finish(claim, Outcome.DONE)
        except LeaseLostError:
            note("lost", claim.key)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
