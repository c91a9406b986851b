"""Names of datasets, by the Hub's rules for repository names."""

import re

MAX_DATASET_NAME_LENGTH = 96
_SEGMENT = "[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
# As regular expressions of JSON Schema are: not anchored by themselves.
DATASET_NAME_PATTERN = rf"^(?!.*(?:--|\.\.))(?!.*\.git$){_SEGMENT}(?:/{_SEGMENT})?$"
_DATASET_NAME = re.compile(DATASET_NAME_PATTERN.replace("$", r"\Z"))


def is_dataset_name(name: str) -> bool:
    """Whether `name` is `namespace/name` or `name` as the Hub would accept it.

    Source: `huggingface_hub.utils.validate_repo_id`.
    """
    return len(name) <= MAX_DATASET_NAME_LENGTH and _DATASET_NAME.match(name) is not None


def namespace_of(dataset: str) -> str:
    """The user or organisation a dataset belongs to; a dataset without one is a namespace of its own."""
    return dataset.split("/", 1)[0]
