"""Names of datasets, by the Hub's rules for repository names."""

import re

MAX_DATASET_NAME_LENGTH = 96
_SEGMENT = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")


def is_dataset_name(name: str) -> bool:
    """Whether `name` is `namespace/name` or `name` as the Hub would accept it.

    Source: `huggingface_hub.utils.validate_repo_id`.
    """
    segments = name.split("/")
    return (
        len(name) <= MAX_DATASET_NAME_LENGTH
        and len(segments) <= 2
        and all(_SEGMENT.fullmatch(segment) for segment in segments)
        and "--" not in name
        and ".." not in name
        and not name.endswith(".git")
    )


def namespace_of(dataset: str) -> str:
    """The user or organisation a dataset belongs to; a dataset without one is a namespace of its own."""
    return dataset.split("/", 1)[0]
