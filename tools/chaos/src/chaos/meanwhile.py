"""What goes on at the same time as the trouble: a thread that does one thing after the other, with pauses of chance."""

import threading
from random import Random


class Meanwhile(threading.Thread):
    """Takes steps until it is finished."""

    def __init__(self, name: str, random: Random, pause_seconds: tuple[float, float]) -> None:
        super().__init__(name=name)
        self.random = random
        self.ended = threading.Event()
        self._pause_seconds = pause_seconds
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            while not self.ended.wait(self.random.uniform(*self._pause_seconds)):
                self.step()
        except Exception as error:
            self._error = error

    def step(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def finish(self) -> None:
        """Let the last step end. Raises what a step raised."""
        self.ended.set()
        self.join()
        if self._error is not None:
            raise self._error
