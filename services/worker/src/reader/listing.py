"""The configs and splits of a dataset at one revision."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libcommon.errors import CodedError, Fault

from reader.declared import declared_sizes
from reader.errors import translated
from reader.plan import Plan, plan_of
from reader.repository import Repository
from reader.snapshot import Snapshot

MAX_CONFIGS = 4_000
MAX_SPLITS = 30


@dataclass(frozen=True, slots=True)
class Split:
    """A split; its sizes are what the dataset's card declares, if it does."""

    config: str
    split: str
    num_bytes: int | None
    num_examples: int | None


@dataclass(frozen=True, slots=True)
class FailedConfig:
    """A config whose splits could not be listed."""

    config: str
    error: CodedError


@dataclass(frozen=True, slots=True)
class Listing:
    """All configs of a dataset, in the library's order: each in one of the two lists.

    `plans` has those that rows can be read by without resolving the config again.
    """

    splits: list[Split] = field(default_factory=list)
    failed: list[FailedConfig] = field(default_factory=list)
    plans: dict[str, Plan] = field(default_factory=dict)


def list_splits(
    dataset: str, revision: str, *, token: str | None, cache: Path, snapshot: Snapshot | None = None
) -> Listing:
    """List the configs and splits of `dataset` at `revision`. No data file is read.

    `cache` is a directory of this job alone. Plans are made where there is a `snapshot` of the revision.

    Raises:
        CodedError: the dataset as a whole cannot be listed, or the Hub fails.
        RevisionGone: `revision` is not on the Hub any more.
    """
    with translated("ConfigNamesError"):
        repository = Repository(dataset, revision, token=token, cache=cache)
        configs = repository.configs()
    if len(configs) > MAX_CONFIGS:
        raise CodedError(
            "DatasetWithTooManyConfigsError",
            f"The dataset has {len(configs)} configs and at most {MAX_CONFIGS} are supported: merge some.",
        )
    listing = Listing()
    for config in configs:
        try:
            builder = _builder_of(repository, config)
        except CodedError as error:
            if error.entry.fault is not Fault.DATA:
                raise
            listing.failed.append(FailedConfig(config, error))
            continue
        listing.splits.extend(
            Split(config, str(name), *declared_sizes(builder, name)) for name in builder.config.data_files
        )
        plan = plan_of(builder, snapshot) if snapshot is not None else None
        if plan is not None:
            listing.plans[config] = plan
    return listing


def _builder_of(repository: Repository, config: str) -> Any:
    with translated("SplitsNamesError"):
        builder = repository.builder(config)
    # Every format of the library makes one split of each key, so there is no need to open the files.
    count = len(builder.config.data_files)
    if count > MAX_SPLITS:
        raise CodedError(
            "DatasetWithTooManySplitsError",
            f"The config '{config}' has {count} splits and at most {MAX_SPLITS} are supported: merge some.",
        )
    return builder
