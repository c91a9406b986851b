"""The settings of `datasets` and `huggingface_hub` that make them fit for a job, and the one method that is replaced.

Call `prepare()` once, before the first fork: the imports are what a job must not wait for.
"""

import io
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import soundfile
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from reader import http


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
    datasets.Audio.encode_example = _encode_audio
    _forget_harnesses()
    http.certificates()


def _forget_harnesses() -> None:
    """Has `huggingface_hub` know of no harness of coding agents: else each process asks the Hub for their list."""
    huggingface_hub.constants.HF_HUB_OFFLINE = True
    try:
        build_hf_headers()
    finally:
        huggingface_hub.constants.HF_HUB_OFFLINE = False


def _encode_audio(_: datasets.Audio, value: Any) -> dict[str, Any]:
    """`Audio.encode_example` without torch, which the original imports even to pass a path on."""
    if isinstance(value, str | Path):
        return {"bytes": None, "path": str(value)}
    if isinstance(value, bytes | bytearray):
        return {"bytes": bytes(value), "path": None}
    if "array" in value:
        wav = io.BytesIO()
        soundfile.write(wav, value["array"], value["sampling_rate"], format="WAV", subtype="PCM_16")
        return {"bytes": wav.getvalue(), "path": None}
    return {"bytes": value.get("bytes"), "path": value.get("path")}
