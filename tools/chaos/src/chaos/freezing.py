"""Stopping a process in the middle of a job, at a moment that no signal from outside would hit.

The driver leaves a request, and the process that reaches the moment stops itself.
"""

import os
import signal
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote


class Moment(StrEnum):
    """Which process stops itself, and when."""

    READING = "reading"  # a job's child, when it has its request
    STORING = "storing"  # a worker, when it has a result and has not stored it


class Freezing:
    """Requests in a folder, each for the first process that reaches a moment of a job of some type and dataset."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask(self, moment: Moment, type_: str, dataset: str) -> None:
        """Leave a request."""
        self._request(moment, type_, dataset).touch()

    def withdraw(self, moment: Moment, type_: str, dataset: str) -> None:
        """Take it back, unless a process was faster."""
        self._request(moment, type_, dataset).unlink(missing_ok=True)

    def frozen(self, moment: Moment, type_: str, dataset: str) -> int | None:
        """The process that followed the request, told once; None when none did."""
        for answer in self._folder.glob(f"{self._request(moment, type_, dataset).name}.*"):
            answer.unlink()
            return int(answer.suffix[1:])
        return None

    def obey(self, moment: Moment, type_: str, dataset: str) -> None:
        """Called by a process at the moment: stops it until it is continued, if that was asked."""
        request = self._request(moment, type_, dataset)
        try:
            # One of several processes succeeds, and the new name says which.
            request.rename(f"{request}.{os.getpid()}")
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGSTOP)

    def _request(self, moment: Moment, type_: str, dataset: str) -> Path:
        return self._folder / quote(f"{moment} {type_} {dataset}", safe="").replace(".", "%2E")
