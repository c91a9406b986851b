"""Opening the place of assets that the settings name."""

from pathlib import Path
from typing import TYPE_CHECKING

from libcache.directory import Directory
from libcache.settings import StorageSettings

if TYPE_CHECKING:
    from libcache.bucket import Bucket


def open_assets(settings: StorageSettings) -> "Directory | Bucket":
    """The assets in the directory or the bucket of `ASSETS_STORAGE`; nothing is asked or made yet."""
    if "://" not in settings.assets_storage:
        return Directory(Path(settings.assets_storage))
    # It takes a second and 50 MB, which only those shall pay who use it.
    from libcache.bucket import Bucket

    return Bucket(settings)
