"""The resolved config of a dataset: which builder reads which files, with which parameters and types.

Listing has all of it in hand. As JSON it goes to the jobs that read rows, which then don't ask the Hub for it again.
"""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import datasets
import orjson
from datasets.data_files import DataFilesDict, DataFilesList
from datasets.load import import_main_class
from datasets.splits import SplitDict, SplitInfo

from reader.declared import declared_sizes
from reader.snapshot import Snapshot

Plan = dict[str, Any]
"""`module` of the builder; `parameters` and `features` of its config; `info_features`, which the card declares;
`splits`: of each its `files`, by path, and the `num_bytes` and `num_examples` that the card declares."""

# What a plan holds in another place.
_ELSEWHERE = {"name", "version", "description", "data_dir", "data_files", "features"}


def plan_of(builder: Any, snapshot: Snapshot) -> Plan | None:
    """The plan of a builder whose files are resolved, with the sizes of splits in its `info`; None for one with
    parameters that JSON can't hold.
    """
    config = builder.config
    parameters = {
        field.name: getattr(config, field.name)
        for field in fields(config)
        if field.name not in _ELSEWHERE and getattr(config, field.name) != _default(field)
    }
    if not _survives_json(parameters):
        return None
    features = getattr(config, "features", None)
    if features is not None and not isinstance(features, datasets.Features):
        return None
    splits = {}
    for split, files in config.data_files.items():
        num_bytes, num_examples = declared_sizes(builder, split)
        paths = snapshot.paths_of(files)
        if paths is None:
            return None
        splits[str(split)] = {"files": paths, "num_bytes": num_bytes, "num_examples": num_examples}
    return {
        "module": type(builder).__module__,
        "parameters": parameters,
        "features": features.to_dict() if features is not None else None,
        "info_features": builder.info.features.to_dict() if builder.info.features is not None else None,
        "splits": splits,
    }


def builder_of(plan: Plan, config: str, snapshot: Snapshot, *, token: str | None, cache: Path) -> Any:
    """The `datasets.DatasetBuilder` of a plan. `cache` is a directory of this job alone."""
    files = DataFilesDict(
        {
            split: DataFilesList(
                [snapshot.root + path for path in of_split["files"]],
                [(snapshot.dataset, snapshot.revision)] * len(of_split["files"]),
            )
            for split, of_split in plan["splits"].items()
        }
    )
    parameters = dict(plan["parameters"])
    if plan["features"] is not None:
        parameters["features"] = datasets.Features.from_dict(plan["features"])
    builder = import_main_class(plan["module"])(
        cache_dir=str(cache),
        config_name=config,
        hash=snapshot.revision,
        base_path=snapshot.root.rstrip("/"),
        repo_id=snapshot.dataset,
        token=token or False,
        data_files=files,
        **parameters,
    )
    if plan["info_features"] is not None:
        builder.info.features = datasets.Features.from_dict(plan["info_features"])
    declared = {
        split: SplitInfo(split, of_split["num_bytes"], of_split["num_examples"])
        for split, of_split in plan["splits"].items()
    }
    builder.info.splits = SplitDict(declared)
    return builder


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _survives_json(parameters: dict[str, Any]) -> bool:
    try:
        return bool(orjson.loads(orjson.dumps(parameters)) == parameters)
    except (orjson.JSONEncodeError, orjson.JSONDecodeError):
        return False
