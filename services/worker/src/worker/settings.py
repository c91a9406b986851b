"""The settings of a worker."""

from pathlib import Path

from libcache.settings import AssetsSettings
from libcommon.settings import HubSettings, MongoSettings
from libqueue.settings import QueueSettings
from pydantic import Field
from reader.limits import Limits as PageLimits

from worker.reconciliation_settings import ReconciliationSettings

_PAGE = PageLimits()


class WorkerSettings(MongoSettings, HubSettings, QueueSettings, ReconciliationSettings, AssetsSettings):
    """Everything a worker is told by its environment."""

    hf_token: str | None = Field(None, description="The workers' own token for the Hub")
    scratch_directory: Path = Field(
        Path("/tmp/datasets-server"),  # noqa: S108
        description="Folder for downloads and temporary files, emptied after each job",
    )
    public_url: str = Field("", description="Address that asset URLs begin with; empty for URLs that are paths")
    max_attempts: int = Field(5, ge=1, description="Failures of the Hub or the server after which a job ends")
    max_lost_leases: int = Field(10, ge=1, description="Lost leases after which a job ends")
    max_crashes: int = Field(2, ge=1, description="Crashes, memory and time limits of its process that end a job")
    job_timeout_seconds: float = Field(300, gt=0, description="Time a job may take, in seconds")
    job_memory_bytes: int = Field(2_000_000_000, gt=0, description="Resident memory a job may use, in bytes")
    max_size_fallback: int = Field(
        100_000_000, ge=0, description="Size up to which a dataset that can't be streamed is downloaded, in bytes"
    )
    rows_max_number: int = Field(_PAGE.rows_max_number, ge=1, le=100, description="Rows of a first page")
    rows_max_bytes: int = Field(_PAGE.rows_max_bytes, ge=10_000, description="Size of a first page, in bytes")
    rows_min_number: int = Field(_PAGE.rows_min_number, ge=1, description="Rows down to which whole rows are left out")
    min_cell_bytes: int = Field(_PAGE.min_cell_bytes, ge=20, description="Size down to which cells are cut, in bytes")
    drain_seconds: float = Field(
        8, ge=0, description="How long a running job may go on after SIGTERM before it is handed back, in seconds"
    )
    worker_host: str = Field("127.0.0.1", description="Address that /healthcheck and /metrics listen on")
    worker_port: int = Field(
        0, ge=0, le=65535, description="Port of /healthcheck and /metrics; 0 for a free one, which is logged at start"
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level that is logged")

    @property
    def page_limits(self) -> PageLimits:
        """The limits of a first page, as the reader takes them."""
        return PageLimits(
            rows_max_number=self.rows_max_number,
            rows_max_bytes=self.rows_max_bytes,
            rows_min_number=self.rows_min_number,
            min_cell_bytes=self.min_cell_bytes,
        )
