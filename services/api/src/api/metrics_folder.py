"""The folder that the processes of this service share their metrics in.

prometheus_client looks for its name in the environment, at the moment that it is imported.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def metrics_folder() -> Iterator[None]:
    """Makes one that this process and those that it starts use, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="api-metrics-") as folder:
        os.environ[_VARIABLE] = folder
        yield
