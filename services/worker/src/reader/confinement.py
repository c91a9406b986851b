"""Keeps what a dataset says about its own files inside that dataset, at the revision being read.

A README may declare `data_files` or `data_dir`, and a cell may hold a path. All of them are data: this process has a
disk, a network and a token, so none of them may name a file of the machine, another address or another dataset.
"""

from reader.resolving import Check

_ARCHIVES = {"zip", "gzip", "bz2", "xz", "lz4", "zstd"}


class OutsideDatasetError(ValueError):
    """A declared data file or folder is not in the dataset."""


def root_of(dataset: str, revision: str) -> str:
    """The URL that everything readable starts with, a slash at its end."""
    return f"hf://datasets/{dataset}@{revision}/"


def is_inside(url: str, root: str) -> bool:
    """Whether `url` is a file under `root`, or a member of an archive there (`zip://member::hf://…`)."""
    *members, file = url.split("::")
    return (
        file.startswith(root)
        and ".." not in file.split("/")
        and all(member.partition("://")[0] in _ARCHIVES for member in members)
    )


def confined_to(root: str) -> Check:
    """A check that refuses, by an `OutsideDatasetError`, any pattern outside `root`.

    The library's own check comes only after it has listed, or asked for, whatever the pattern names.
    """

    def check(pattern: str, base_path: str) -> None:
        relative = "://" not in pattern and "::" not in pattern and not pattern.startswith(("/", "~"))
        if not is_inside(f"{base_path}/{pattern}" if relative else pattern, root):
            raise OutsideDatasetError(f"'{pattern}' is not in the dataset")

    return check
