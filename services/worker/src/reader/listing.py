"""The configs and splits of a dataset at one revision."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from libcommon.errors import CodedError, Fault

from reader.declared import declared_sizes
from reader.errors import translated
from reader.repository import Repository

MAX_CONFIGS = 3_000
MAX_SPLITS = 100


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
    """All configs of a dataset, in the library's order: each in one of the two lists."""

    splits: list[Split]
    failed: list[FailedConfig]


def list_splits(dataset: str, revision: str, *, token: str | None) -> Listing:
    """List the configs and splits of `dataset` at `revision`. No data file is read.

    Raises:
        CodedError: the dataset as a whole cannot be listed, or the Hub fails.
        RevisionGone: `revision` is not on the Hub any more.
    """
    with tempfile.TemporaryDirectory(prefix="reader-") as cache:
        with translated("ConfigNamesError"):
            repository = Repository(dataset, revision, token=token, cache=Path(cache))
            configs = repository.configs()
        if len(configs) > MAX_CONFIGS:
            raise CodedError(
                "DatasetWithTooManyConfigsError",
                f"The dataset has {len(configs)} configs and at most {MAX_CONFIGS} are supported: merge some.",
            )
        listing = Listing([], [])
        for config in configs:
            try:
                listing.splits.extend(_splits_of(repository, config))
            except CodedError as error:
                if error.entry.fault is not Fault.DATA:
                    raise
                listing.failed.append(FailedConfig(config, error))
        return listing


def _splits_of(repository: Repository, config: str) -> list[Split]:
    with translated("SplitsNamesError"):
        builder = repository.builder(config)
    # Every format of the library makes one split of each key, so there is no need to open the files.
    names = [str(key) for key in builder.config.data_files]
    if len(names) > MAX_SPLITS:
        raise CodedError(
            "DatasetWithTooManySplitsError",
            f"The config '{config}' has {len(names)} splits and at most {MAX_SPLITS} are supported: merge some.",
        )
    return [Split(config, name, *declared_sizes(builder, name)) for name in names]
