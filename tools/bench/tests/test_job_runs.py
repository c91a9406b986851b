"""What a benchmark says of jobs that don't end as they should."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench.errors import BenchError
from bench.job_runs import JobRuns
from libqueue.inspection import Inspection
from libqueue.model import JobKey, Limits, Outcome, Setback
from libqueue.pauses import Scope
from libqueue.queue import Queue
from pymongo.database import Database

DATASETS = JobKey("datasets", "acme/cities")
TRAIN, TEST = (JobKey("splits", "acme/cities", "default", split) for split in ("train", "test"))
OTHER = JobKey("splits", "acme/other", "default", "train")


@pytest.fixture
def queue(queue_database: Database[dict[str, Any]], queue_limits: Limits) -> Queue:
    return Queue(queue_database, queue_limits)


@pytest.fixture
def runs(queue_database: Database[dict[str, Any]], queue: Queue, tmp_path: Path) -> JobRuns:
    for type_ in ("datasets", "splits"):
        (tmp_path / f"worker-{type_}-1.log").write_text(f"what the {type_} worker said\n")
    return JobRuns(Inspection(queue_database), queue, tmp_path)


def test_a_job_that_did_what_it_was_to_do_has_one_run(queue: Queue, runs: JobRuns) -> None:
    end(queue, DATASETS, Outcome.DONE)
    run = runs.ended(DATASETS)
    assert (run.outcome, run.peak_memory_bytes) == ("done", 1_000)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.DEAD, Outcome.SUPERSEDED])
def test_a_job_that_ended_otherwise_is_an_error_with_its_code_and_its_workers_log(
    queue: Queue, runs: JobRuns, outcome: Outcome
) -> None:
    end(queue, TRAIN, outcome)
    with pytest.raises(BenchError) as raised:
        runs.ended(TRAIN)
    assert str(raised.value) == (
        f"the splits job of acme/cities default train ended as {outcome} with SomeError. "
        "The end of its worker's log:\nwhat the splits worker said"
    )


def test_a_job_that_has_to_run_again_is_an_error_at_once(queue: Queue, runs: JobRuns) -> None:
    queue.add(DATASETS)
    claim = queue.claim("datasets", "test")
    assert claim is not None
    queue.retry(claim, delay_seconds=600, setback=Setback.OUT_OF_MEMORY)
    with pytest.raises(BenchError, match="has to run again: out_of_memory"):
        runs.ended(DATASETS)


def test_a_second_run_is_an_error_unless_it_is_waited_for(queue: Queue, runs: JobRuns) -> None:
    end(queue, DATASETS, Outcome.DONE)
    end(queue, DATASETS, Outcome.FAILED)
    runs.ended_again(DATASETS)
    with pytest.raises(BenchError, match="ran 2 times"):
        runs.ended(DATASETS)


def test_held_splits_wait_until_they_are_let_go(queue: Queue, runs: JobRuns) -> None:
    # Now the queue knows of no pause, and looks again a second later.
    end(queue, OTHER, Outcome.DONE)
    runs.hold_splits()
    queue.add_many([TRAIN, TEST])
    assert queue.claim("splits", "test") is None
    assert runs.held_splits("acme/cities") == [TRAIN, TEST]
    runs.start_splits()
    claim = queue.claim("splits", "test")
    assert claim is not None
    assert claim.key == TRAIN
    with pytest.raises(BenchError, match="began while they were paused"):
        runs.held_splits("acme/cities")


def test_splits_of_another_dataset_are_not_among_the_held(queue: Queue, runs: JobRuns) -> None:
    queue.pause(Scope.TYPE, "splits")
    queue.add(OTHER)
    queue.add(DATASETS)
    assert runs.held_splits("acme/cities") == []


def test_an_error_is_one_line_and_an_exit_code() -> None:
    program = """
import sys, types
import bench.__main__
from bench.errors import BenchError
def fail(arguments): raise BenchError("a job failed")
sys.modules["failing"] = types.SimpleNamespace(main=fail)
bench.__main__.BENCHMARKS["failing"] = "failing"
sys.exit(bench.__main__.main(["failing"]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "bench: a job failed\n")


def end(queue: Queue, key: JobKey, outcome: Outcome) -> None:
    queue.add(key)
    claim = queue.claim(key.type, "test")
    assert claim is not None
    code = None if outcome is Outcome.DONE else "SomeError"
    queue.finish(claim, outcome, code=code, peak_memory_bytes=1_000)
