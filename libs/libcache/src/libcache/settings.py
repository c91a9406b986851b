"""The settings of the assets directory."""

from pathlib import Path

from libcommon.settings import Settings
from pydantic import Field


class AssetsSettings(Settings):
    """Where media files are, how long and how many."""

    assets_directory: Path = Field(
        description="Folder for media files, shared with the api; of one cache database only"
    )
    assets_grace_seconds: float = Field(
        3_600, ge=1, description="How long media files stay that no answer points to any more, in seconds"
    )
    assets_quota_bytes: int | None = Field(
        None, gt=0, description="Size that all media files may have together, in bytes; empty for no limit"
    )
    assets_sweep_interval_seconds: float = Field(
        3_600, ge=0, description="Time from one pass over the media files to the next, in seconds; 0 for none"
    )
