"""What it costs to get the first rows of a dataset."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields

from bench.local_hub import Traffic


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one dataset or, as medians, of several runs at one: seconds, traffic at the Hub, most resident memory."""

    seconds: float
    requests: float
    bytes: float
    peak_bytes: float

    @classmethod
    def of(cls, seconds: float, traffic: Traffic, peak_bytes: int) -> "Cost":
        """One process's."""
        return cls(seconds, traffic.requests, traffic.bytes, peak_bytes)

    @classmethod
    def median(cls, costs: Sequence["Cost"]) -> "Cost":
        """The median of each figure by itself."""
        return cls(*(statistics.median(getattr(cost, field.name) for cost in costs) for field in fields(cls)))


@dataclass(frozen=True, slots=True)
class Cell:
    """A dataset at a latency in milliseconds: our cost, and the library's in the same runs."""

    dataset: str
    latency: int
    ours: Cost
    library: Cost

    @property
    def time_ratio(self) -> float:
        """Our seconds, of the library's."""
        return self.ours.seconds / self.library.seconds

    @property
    def requests_ratio(self) -> float:
        """Our requests, of the library's."""
        return self.ours.requests / self.library.requests

    @property
    def bytes_ratio(self) -> float:
        """Our bytes, of the library's."""
        return self.ours.bytes / self.library.bytes

    @property
    def peak_ratio(self) -> float:
        """Our peak, of the library's."""
        return self.ours.peak_bytes / self.library.peak_bytes
