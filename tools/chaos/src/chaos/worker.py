"""`python -m chaos.worker TYPE`: the worker itself, with witnesses.

Its children are forked from `chaos.reader`, and it stops itself right before it stores when the driver wants that.
`CHAOS_DIRECTORY` is the folder of the run. `CHAOS_UNFENCED=1` takes the product's fences away.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from worker.__main__ import main
from worker.execution import Result
from worker.jobs import JOB_TYPES, Job

from chaos.freezing import Moment
from chaos.scene import Scene
from chaos.unfenced import take_fences_away

Store = Callable[[Job, Result, Path | None], str | None]


def _watch_children(scene: Scene) -> None:
    class Popen(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **options: Any) -> None:
            program, *arguments = command
            if arguments[:2] == ["-m", "reader"]:
                caps = [os.environ["MAX_JOBS_PER_DATASET"], os.environ["MAX_JOBS_PER_NAMESPACE"]]
                arguments = ["-m", "chaos.reader", str(scene.directory), *caps, *arguments[2:]]
            super().__init__([program, *arguments], **options)

    subprocess.Popen = Popen  # type: ignore[assignment, misc]


def _stop_before_storing(scene: Scene, job_type: type[Job]) -> None:
    store: Store = job_type.store

    def watched(job: Job, result: Result, staging: Path | None) -> str | None:
        scene.freezing.obey(Moment.STORING, job.key.type, job.key.dataset)
        return store(job, result, staging)

    job_type.store = watched  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    scene = Scene(Path(os.environ["CHAOS_DIRECTORY"]))
    _watch_children(scene)
    for job_type in JOB_TYPES.values():
        _stop_before_storing(scene, job_type)
    if os.environ.get("CHAOS_UNFENCED") == "1":
        take_fences_away()
    sys.exit(main(sys.argv[1:]))
