"""The settings of the comparison of the cache with the Hub."""

from enum import StrEnum

from libcommon.settings import Settings
from pydantic import Field


class Scope(StrEnum):
    """Which datasets are compared: all that the Hub lists, or those that somebody announced or asked for."""

    HUB = "hub"
    KNOWN = "known"


class ReconciliationSettings(Settings):
    """How often, how far and how fast the cache is compared with the Hub."""

    reconcile_interval_seconds: float = Field(
        21_600, ge=0, description="Time from one comparison with the Hub to the next, in seconds; 0 for none"
    )
    reconcile_scope: Scope = Field(
        Scope.KNOWN,
        description="`hub` compares all datasets of the Hub, `known` those that were announced or asked for",
    )
    reconcile_page_seconds: float = Field(
        1.0, ge=0, description="Least time of the comparison for each of its requests to the Hub, in seconds"
    )
    reconcile_page_length: int = Field(100, ge=1, le=1000, description="Datasets that one page of the Hub's list has")
    reconcile_max_jobs: int = Field(
        10_000,
        ge=1,
        description="Jobs in the queue, delayed and paused ones too, above which the comparison adds no more",
    )
