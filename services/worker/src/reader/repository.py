"""A dataset repository at one revision, as the `datasets` library sees it: its configs, and a builder for each."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datasets import DownloadConfig
from datasets.load import dataset_module_factory, get_dataset_builder_class
from datasets.packaged_modules import _EXTENSION_TO_MODULE, _MODULE_TO_METADATA_FILE_NAMES
from huggingface_hub import constants

from reader.confinement import confined_to, root_of
from reader.patterns import known_files
from reader.resolving import resolving

_TASKS = "harbor"


class Repository:
    """One pass over the card and the file list serves every config: that pass is most of the requests to the Hub.

    `paths` are those of all its files, where they are known. `cache` is a directory of this pass alone: from a shared
    one the library would serve another revision when the Hub fails, or another README.md. Raises what the library
    raises.
    """

    def __init__(
        self, dataset: str, revision: str, *, paths: Collection[str] | None, token: str | None, cache: Path
    ) -> None:
        self.root = root_of(dataset, revision)
        self._checks = [confined_to(self.root)]
        if paths is not None:
            self._checks.append(known_files(self.root, paths))
        self._token: str | bool = token or False
        self._cache = str(cache)
        # The full URL, so that a folder of that name in the working directory is never taken for the dataset.
        with resolving(*self._checks), _downloads_in(cache), _documents_are_no_data(paths):
            self._module = dataset_module_factory(
                f"hf://datasets/{dataset}",
                revision=revision,
                download_config=DownloadConfig(token=self._token, cache_dir=self._cache),
                cache_dir=self._cache,
            )
        self._builder_class = get_dataset_builder_class(self._module)

    def configs(self) -> list[str]:
        """The names of the configs, in the library's order."""
        return list(self._builder_class.builder_configs) or [self._builder_class.DEFAULT_CONFIG_NAME or "default"]

    def builder(self, config: str) -> Any:
        """The `datasets.DatasetBuilder` of a config, its data files resolved; the builder's class is the format's."""
        arguments = {key: value for key, value in self._module.builder_kwargs.items() if key != "config_name"}
        infos = self._module.dataset_infos or {}
        with resolving(*self._checks):
            return self._builder_class(
                cache_dir=self._cache,
                config_name=config,
                hash=self._module.hash,
                info=infos.get(config),
                token=self._token,
                **arguments,
            )


@contextmanager
def _downloads_in(cache: Path) -> Iterator[None]:
    """Within the block README.md is downloaded there; the library has no argument for that."""
    shared = constants.HF_HUB_CACHE
    constants.HF_HUB_CACHE = str(cache / "hub")
    try:
        yield
    finally:
        constants.HF_HUB_CACHE = shared


@contextmanager
def _documents_are_no_data(paths: Collection[str] | None) -> Iterator[None]:
    """Within the block the library takes no `.md` or `.toml` for data files, except in what may be a dataset of tasks
    for agents: by itself it does, where there are more of them than of others.
    """
    tasks = _MODULE_TO_METADATA_FILE_NAMES[_TASKS]
    if paths is None or any(path.rpartition("/")[2] in tasks for path in paths):
        yield
        return
    every = dict(_EXTENSION_TO_MODULE)
    for suffix, (module, _) in every.items():
        if module == _TASKS:
            del _EXTENSION_TO_MODULE[suffix]
    try:
        yield
    finally:
        _EXTENSION_TO_MODULE.clear()
        _EXTENSION_TO_MODULE.update(every)
