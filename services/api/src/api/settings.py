"""The settings of the api."""

import os
from pathlib import Path
from typing import Literal

from libcommon.settings import HubSettings, MongoSettings
from libqueue.settings import QueueSettings
from pydantic import Field, SecretStr, field_validator

DEFAULT_AUTH_PATH = "/api/datasets/%s/auth-check"


def _auth_path() -> str:
    # An empty variable has a meaning of its own here, while elsewhere it counts as an absent one.
    return os.environ.get("HF_AUTH_PATH", DEFAULT_AUTH_PATH)


class ApiSettings(MongoSettings, HubSettings, QueueSettings):
    """Read once at start; see the README for what each is for."""

    api_host: str = Field("127.0.0.1", description="Address to listen on")
    api_port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 for a free one")
    api_drain_seconds: int = Field(
        8, ge=1, description="How long requests under way may go on after SIGTERM, in seconds"
    )
    assets_directory: Path = Field(description="The folder that the workers write media files to")
    hf_auth_path: str = Field(
        default_factory=_auth_path,
        description="Path at the Hub that tells whether a caller may read the dataset %s; empty: only datasets known "
        f"to be public are served. Default {DEFAULT_AUTH_PATH}",
    )
    hf_auth_timeout_seconds: float = Field(5, gt=0, le=60, description="Time limit of one check, in seconds")
    auth_memory_seconds: float = Field(5, ge=0, le=10, description="How long a check's answer holds, in seconds")
    hf_webhook_secret: SecretStr | None = Field(
        None, description="What a webhook's X-Webhook-Secret must be; without it anybody may announce changes"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged"
    )

    @field_validator("hf_auth_path")
    @classmethod
    def _has_a_place_for_the_dataset(cls, value: str) -> str:
        if value and not (value.startswith("/") and value.count("%s") == value.count("%") == 1):
            raise ValueError("expected a path that starts with / and has one %s for the dataset, or nothing")
        return value

    @field_validator("hf_webhook_secret")
    @classmethod
    def _can_be_sent_in_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        secret = value.get_secret_value() if value else ""
        if secret and not (secret.isascii() and secret.isprintable() and secret.strip() == secret):
            raise ValueError("expected printable ASCII characters without spaces around them")
        return value
