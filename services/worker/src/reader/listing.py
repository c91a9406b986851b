"""The configs and splits of a dataset at one revision."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from datasets.splits import SplitDict, SplitInfo
from libcommon.errors import CodedError, Fault

from reader.declared import declared_sizes
from reader.direct.parquet import footer_sizes
from reader.errors import translated
from reader.hub import Observation, check_access
from reader.plan import Plan, plan_of
from reader.repository import Repository
from reader.session import reading
from reader.snapshot import Snapshot, snapshot_of

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
    dataset: str, seen: Observation, readme: bytes | None, *, endpoint: str, token: str | None
) -> tuple[Listing, Snapshot | None]:
    """List the configs and splits of `dataset` at the revision that was seen; the snapshot of that, if it can be had,
    comes with them. `readme` is what `card.read_card` gave.

    No row is read. Where there is a snapshot, plans are made, and the footers of a few Parquet files looked at for
    sizes that the card doesn't declare.

    Raises:
        CodedError: the dataset as a whole cannot be listed, or the Hub fails.
        RevisionGone: the revision is not on the Hub any more.
    """
    snapshot = snapshot_of(dataset, seen, readme)
    with TemporaryDirectory(prefix="reader-") as cache, reading(snapshot, endpoint, Path(cache)):
        return _list(dataset, seen, snapshot, Path(cache), token), snapshot


def _list(dataset: str, seen: Observation, snapshot: Snapshot | None, cache: Path, token: str | None) -> Listing:
    assert seen.revision is not None
    with translated("ConfigNamesError"):
        # The token may see which files a gated dataset has, and not read them.
        if snapshot is not None and seen.visibility == "gated":
            check_access(dataset, token=token)
        repository = Repository(dataset, seen.revision, token=token, cache=cache)
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
