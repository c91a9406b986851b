"""The configs and splits of a dataset at one revision."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from datasets.packaged_modules import _EXTENSION_TO_MODULE, _MODULE_TO_EXTENSIONS
from datasets.splits import SplitDict, SplitInfo
from libcommon.errors import CodedError, Fault

from reader.declared import declared_sizes
from reader.declared_configs import DeclaredConfigs
from reader.direct.parquet import footer_sizes
from reader.disguise import pointers_told
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


@dataclass(frozen=True, slots=True)
class _Listed:
    splits: list[Split]
    plan: Plan | None
    # Its files are of a format that the builder, the one of the first config, doesn't read.
    is_foreign: bool


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
    # The token may see which files a gated dataset has, and not read them; without a snapshot the library will tell.
    if snapshot is not None and seen.visibility == "gated":
        with translated("ConfigNamesError"):
            check_access(dataset, token=token)
    configs = _Configs(dataset, seen, snapshot, endpoint=endpoint, token=token)
    listing = Listing()
    for config, listed in configs.list().items():
        if isinstance(listed, CodedError):
            listing.failed.append(FailedConfig(config, listed))
            continue
        listing.splits.extend(listed.splits)
        if listed.plan is not None:
            listing.plans[config] = listed.plan
    return listing, snapshot


class _Configs:
    """The configs of a dataset, listed together as the library does, or each as if README.md declared no other."""

    def __init__(
        self, dataset: str, seen: Observation, snapshot: Snapshot | None, *, endpoint: str, token: str | None
    ) -> None:
        self._dataset = dataset
        self._seen = seen
        self._snapshot = snapshot
        self._endpoint = endpoint
        self._token = token
        self._footers = MAX_FOOTERS

    def list(self) -> dict[str, _Listed | CodedError]:
        """All of them, in order, with the error of each that has one."""
        trouble = None
        try:
            configs = self._list_together(self._snapshot)
        except CodedError as error:
            if error.entry.fault is not Fault.DATA:
                raise
            trouble = error
        # Not within the block above: what is raised there hides the error of all, and is taken for it.
        if trouble is not None:
            if (declared := self._declared()) is None:
                raise trouble
            _check_number(len(declared.names))
            configs = {name: self._list_alone(name, declared) for name in declared.names}
            if all(isinstance(listed, CodedError) for listed in configs.values()):
                raise trouble
            return configs
        foreign = [name for name, listed in configs.items() if isinstance(listed, _Listed) and listed.is_foreign]
        if foreign and (declared := self._declared()) is not None:
            configs |= {name: self._list_alone(name, declared) for name in foreign}
        return configs

    def _declared(self) -> DeclaredConfigs | None:
        return DeclaredConfigs.of(self._snapshot.readme) if self._snapshot is not None else None

    def _list_together(self, snapshot: Snapshot | None) -> dict[str, _Listed | CodedError]:
        with self._repository(snapshot) as repository:
            configs = repository.configs()
            _check_number(len(configs))
            return {config: self._listed(repository, config) for config in configs}

    def _list_alone(self, config: str, declared: DeclaredConfigs) -> _Listed | CodedError:
        assert self._snapshot is not None
        try:
            return self._list_together(replace(self._snapshot, readme=declared.alone(config)))[config]
        except CodedError as error:
            if error.entry.fault is not Fault.DATA:
                raise
            return error

    @contextmanager
    def _repository(self, snapshot: Snapshot | None) -> Iterator[Repository]:
        assert self._seen.revision is not None
        with TemporaryDirectory(prefix="reader-") as directory, reading(snapshot, self._endpoint, Path(directory)):
            paths = snapshot.sizes if snapshot is not None else None
            # No other file is opened, for the names of its members.
            archives = [path for path in paths or [] if path.endswith(".zip")]
            with pointers_told(snapshot, archives, token=self._token), translated("ConfigNamesError"):
                repository = Repository(
                    self._dataset, self._seen.revision, paths=paths, token=self._token, cache=Path(directory)
                )
            yield repository

    def _listed(self, repository: Repository, config: str) -> _Listed | CodedError:
        try:
            builder = _builder_of(repository, config)
        except CodedError as error:
            if error.entry.fault is not Fault.DATA:
                raise
            return error
        if self._snapshot is not None:
            self._footers -= _look_at_footers(builder, self._snapshot, self._footers, self._token)
        splits = [Split(config, str(name), *declared_sizes(builder, name)) for name in builder.config.data_files]
        plan = plan_of(builder, self._snapshot) if self._snapshot is not None else None
        return _Listed(splits, plan, _is_foreign(builder))


def _check_number(configs: int) -> None:
    if configs > MAX_CONFIGS:
        raise CodedError(
            "DatasetWithTooManyConfigsError",
            f"The dataset has {configs} configs and at most {MAX_CONFIGS} are supported: merge some.",
        )


def _is_foreign(builder: Any) -> bool:
    """Whether all files of a config are of formats other than its builder's.

    What is called text may be of any format, and is left to the builder.
    """
    suffixes = {
        frozenset(f".{suffix.lower()}" for suffix in file.rpartition("/")[2].split(".")[1:])
        for files in builder.config.data_files.values()
        for file in files
    }
    own = set(_MODULE_TO_EXTENSIONS[builder.name])
    others = {suffix for suffix, (module, _) in _EXTENSION_TO_MODULE.items() if module != "text"} - own
    return bool(suffixes) and all(some & others and not some & own for some in suffixes)


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
