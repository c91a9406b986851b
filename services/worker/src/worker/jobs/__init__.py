"""The types of job. A new type is one file here and one line below."""

from worker.jobs.base import Job
from worker.jobs.datasets import DatasetsJob
from worker.jobs.splits import SplitsJob

JOB_TYPES: dict[str, type[Job]] = {"datasets": DatasetsJob, "splits": SplitsJob}

__all__ = ["JOB_TYPES", "Job"]
