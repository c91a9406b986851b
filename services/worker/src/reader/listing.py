"""The configs and splits of a dataset at one revision."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets.splits import SplitDict, SplitInfo
from libcommon.errors import CodedError, Fault

from reader.declared import declared_sizes
from reader.direct.parquet import footer_sizes
from reader.errors import translated
from reader.hub import check_access
from reader.plan import Plan, plan_of
from reader.repository import Repository
from reader.snapshot import Snapshot

MAX_CONFIGS = 4_000
MAX_SPLITS = 30
# How many Parquet files of a dataset are looked into for sizes that its card doesn't declare.
MAX_FOOTERS = 16


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
    dataset: str,
    revision: str,
    *,
    token: str | None,
    cache: Path,
    snapshot: Snapshot | None = None,
    gated: bool = False,
) -> Listing:
    """List the configs and splits of `dataset` at `revision`. No row is read.

    `cache` is a directory of this job alone. Where there is a `snapshot` of the revision, plans are made, and the
    footers of a few Parquet files looked at for sizes that the card doesn't declare. Of a `gated` dataset the token may
    see the files and not read them.

    Raises:
        CodedError: the dataset as a whole cannot be listed, or the Hub fails.
        RevisionGone: `revision` is not on the Hub any more.
    """
    with translated("ConfigNamesError"):
        if snapshot is not None and gated:
            check_access(dataset, token=token)
        repository = Repository(dataset, revision, token=token, cache=cache)
        configs = repository.configs()
    if len(configs) > MAX_CONFIGS:
        raise CodedError(
            "DatasetWithTooManyConfigsError",
            f"The dataset has {len(configs)} configs and at most {MAX_CONFIGS} are supported: merge some.",
        )
    listing = Listing()
    footers = MAX_FOOTERS
    for config in configs:
        try:
            builder = _builder_of(repository, config)
        except CodedError as error:
            if error.entry.fault is not Fault.DATA:
                raise
            listing.failed.append(FailedConfig(config, error))
            continue
        if snapshot is not None:
            footers -= _look_at_footers(builder, snapshot, footers, token)
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


def _look_at_footers(builder: Any, snapshot: Snapshot, most: int, token: str | None) -> int:
    """Adds the sizes of splits that are not declared to the builder's `info`; returns how many files that took."""
    if builder.name != "parquet":
        return 0
    looked_at = 0
    known = dict(builder.info.splits or {})
    for split, files in builder.config.data_files.items():
        paths = snapshot.paths_of(files)
        if declared_sizes(builder, split)[1] is None and paths is not None and looked_at + len(paths) <= most:
            looked_at += len(paths)
            sizes = footer_sizes(snapshot, paths, token=token)
            if sizes is not None:
                known[str(split)] = SplitInfo(str(split), *sizes)
    builder.info.splits = SplitDict(known)
    return looked_at
