"""The settings of the queue, the same in every process that shares it."""

from libcommon.settings import Settings
from pydantic import Field

from libqueue.model import Limits

_DEFAULTS = Limits()


class QueueSettings(Settings):
    """The caps and times of the queue."""

    lease_seconds: float = Field(
        _DEFAULTS.lease_seconds, ge=0.5, description="How long a job stays with a worker that doesn't beat, in seconds"
    )
    max_jobs_per_dataset: int = Field(_DEFAULTS.max_jobs_per_dataset, ge=1, description="Running jobs of one dataset")
    max_jobs_per_namespace: int = Field(
        _DEFAULTS.max_jobs_per_namespace, ge=1, description="Running jobs of one namespace"
    )
    jobs_history_seconds: int = Field(
        _DEFAULTS.history_seconds, ge=60, description="How long finished jobs stay in the history, in seconds"
    )
    dead_jobs_seconds: int = Field(
        _DEFAULTS.dead_seconds, ge=60, description="How long jobs that were given up stay listed, in seconds"
    )

    @property
    def limits(self) -> Limits:
        """The same, as the queue takes them."""
        return Limits(
            lease_seconds=self.lease_seconds,
            max_jobs_per_dataset=self.max_jobs_per_dataset,
            max_jobs_per_namespace=self.max_jobs_per_namespace,
            history_seconds=self.jobs_history_seconds,
            dead_seconds=self.dead_jobs_seconds,
        )
