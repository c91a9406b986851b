"""The settings of `datasets` and `huggingface_hub` that make them fit for a job.

Call `prepare()` once, before the first fork: the imports are what a job must not wait for.
"""

import datasets
import huggingface_hub
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from reader import http, mending


def prepare() -> None:
    """Import the heavy libraries and set them up for jobs."""
    # The Hub's own Parquet export is asked of the service that this program feeds.
    datasets.config.USE_PARQUET_EXPORT = False
    # By default a rate-limited Hub holds a read for twenty minutes; a job is better handed back and retried.
    datasets.config.STREAMING_READ_MAX_RETRIES = 2
    datasets.config.STREAMING_OPEN_MAX_RETRIES = 2
    datasets.config.STREAMING_READ_RETRY_INTERVAL = 1
    datasets.config.STREAMING_OPEN_RETRY_INTERVAL = 1
    datasets.config.STREAMING_READ_SERVER_UNAVAILABLE_RETRY_INTERVAL = 1
    datasets.config.STREAMING_READ_RATE_LIMIT_RETRY_INTERVAL = 1
    # What goes wrong is raised as well; the logs would hold it twice.
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    huggingface_hub.logging.set_verbosity(datasets.logging.CRITICAL)
    datasets.disable_progress_bars()
    mending.mend()
    _forget_harnesses()
    http.certificates()


def _forget_harnesses() -> None:
    """Has `huggingface_hub` know of no harness of coding agents: else each process asks the Hub for their list."""
    huggingface_hub.constants.HF_HUB_OFFLINE = True
    try:
        build_hf_headers()
    finally:
        huggingface_hub.constants.HF_HUB_OFFLINE = False
