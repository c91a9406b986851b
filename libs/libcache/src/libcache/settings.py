"""The settings of the assets."""

import re
from typing import Self

from libcommon.settings import HttpAddress, Settings
from pydantic import Field, SecretStr, field_validator, model_validator

_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?")


class StorageSettings(Settings):
    """Where media files are. What is missing of a bucket's, AWS' own library finds where it looks for it."""

    assets_storage: str = Field(
        description="Where media files are, the same place for all services and of one cache database only: a "
        "directory that they share, or s3://BUCKET/PREFIX in S3-compatible storage"
    )
    aws_access_key_id: str | None = Field(
        None, description="Key to the bucket of ASSETS_STORAGE; without one, that of AWS' files or the machine's role"
    )
    aws_secret_access_key: SecretStr | None = Field(None, description="The secret of that key")
    aws_region: str | None = Field(None, description="The region of the bucket of ASSETS_STORAGE")
    aws_endpoint_url_s3: HttpAddress | None = Field(
        None, description="The address of the storage that has the bucket of ASSETS_STORAGE, if it isn't AWS' own"
    )

    @field_validator("assets_storage")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        if "://" in value and not _BUCKET.fullmatch(value):
            raise ValueError("expected a directory, or a bucket and a prefix like s3://BUCKET/PREFIX")
        return value

    @model_validator(mode="after")
    def _has_both_parts_of_a_key(self) -> Self:
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            raise ValueError("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: expected both or neither")
        return self


class AssetsSettings(StorageSettings):
    """Where media files are, how long and how many."""

    assets_grace_seconds: float = Field(
        3_600, ge=1, description="How long media files stay that no answer points to any more, in seconds"
    )
    assets_quota_bytes: int | None = Field(
        None, gt=0, description="Size that all media files may have together, in bytes; empty for no limit"
    )
    assets_sweep_interval_seconds: float = Field(
        3_600, ge=0, description="Time from one pass over the media files to the next, in seconds; 0 for none"
    )
