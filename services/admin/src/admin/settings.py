"""The settings of the admin service and its command line."""

from typing import Literal

from libcache.settings import AssetsSettings
from libcommon.settings import HubSettings, MongoSettings
from libqueue.settings import QueueSettings
from pydantic import Field, SecretStr, field_validator

_MIN_TOKEN_LENGTH = 32


class DeskSettings(MongoSettings, HubSettings, QueueSettings):
    """What every verb needs; give the same to the workers."""

    hf_token: str | None = Field(None, description="The token that the Hub's list of datasets is read with")
    audit_seconds: int = Field(31_536_000, ge=3_600, description="How long the record of a change is kept, in seconds")


class AdminSettings(DeskSettings, AssetsSettings):
    """Everything that the service is told by its environment."""

    admin_host: str = Field("127.0.0.1", description="Address to listen on")
    admin_port: int = Field(8002, ge=0, le=65535, description="Port to listen on; 0 for a free one")
    admin_token: SecretStr | None = Field(
        None,
        description="A secret of at least 32 characters that lets its bearer in; without it and ADMIN_ORGANIZATION "
        "nobody gets in",
    )
    admin_organization: str | None = Field(
        None, description="Organisation of the Hub whose members get in with their tokens for the Hub"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged"
    )

    @field_validator("admin_token")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        token = value.get_secret_value() if value else ""
        if value is not None and (len(token) < _MIN_TOKEN_LENGTH or not token.isascii() or not token.isprintable()):
            raise ValueError(f"expected at least {_MIN_TOKEN_LENGTH} printable ASCII characters")
        return value
