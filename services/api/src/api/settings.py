"""The settings of the api."""

import os
import re
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from libcache.settings import StorageSettings
from libcommon.settings import HttpAddress, HubSettings, MongoSettings
from libqueue.settings import QueueSettings
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from api.public_keys import load_keys

_MIN_KEY_LENGTH = 32
_LOCATION = re.compile(r"(/[A-Za-z0-9_-]+)+")
DEFAULT_AUTH_PATH = "/api/datasets/%s/auth-check"


def _auth_path() -> str:
    # An empty variable has a meaning of its own here, while elsewhere it counts as an absent one.
    return os.environ.get("HF_AUTH_PATH", DEFAULT_AUTH_PATH)


class ApiSettings(MongoSettings, HubSettings, QueueSettings, StorageSettings):
    """Read once at start; see the README for what each is for."""

    api_host: str = Field("127.0.0.1", description="Address to listen on")
    api_port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 for a free one")
    api_drain_seconds: int = Field(
        12, ge=1, description="How long requests under way may go on after SIGTERM, in seconds"
    )
    api_request_seconds: int = Field(
        10, ge=1, description="How long the work on a request may take until its answer begins, in seconds"
    )
    api_client_seconds: int = Field(
        30,
        ge=1,
        description="How long a client may take to go on with a request, or to take more of its answer, in seconds",
    )
    assets_internal_location: str | None = Field(
        None,
        description="The path at which the reverse proxy has the directory of `ASSETS_STORAGE`, closed outside: the "
        "api checks who asks for a file, and nginx sends it (`X-Accel-Redirect`), while the files of a bucket come "
        "from the api; and nginx may keep public answers, but asks the api each time (`X-Accel-Expires`). Without it "
        "the api sends files itself, and nothing is kept",
    )
    hf_auth_path: str = Field(
        default_factory=_auth_path,
        description="Path at the Hub that tells whether a caller may read the dataset %s; empty: only datasets known "
        f"to be public are served. Default {DEFAULT_AUTH_PATH}",
    )
    hf_auth_timeout_seconds: float = Field(5, gt=0, le=60, description="Time limit of one check, in seconds")
    auth_memory_seconds: float = Field(5, ge=0, le=10, description="How long a check's answer holds, in seconds")
    hf_jwt_public_key_url: HttpAddress | None = Field(
        None, description="Address of the Hub's public keys for JWTs that let their bearer read a dataset, as a JWKS"
    )
    hf_jwt_additional_public_keys: str | None = Field(
        None, description="More such keys, for EdDSA, as PEM blocks one after the other"
    )
    assets_signing_keys: SecretStr | None = Field(
        None,
        description="Secrets of at least 32 characters, separated by commas: the first signs the URLs of assets that "
        "only some may see, and the signatures of all are good. Give the same to all that serve the API; without it "
        "each start of a service makes one of its own",
    )
    assets_signature_seconds: int = Field(3600, ge=60, le=3600, description="How long a signed URL is good, in seconds")
    api_processes: int = Field(1, ge=1, le=64, description="How many processes serve")
    answers_memory_seconds: float = Field(
        1, ge=0, le=1, description="How long an answer is kept in memory, in seconds; 0: not at all"
    )
    answers_memory_bytes: int = Field(
        100_000_000, ge=0, description="How much memory the kept answers of a process may take, in bytes"
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="How many proxies of your own a request comes through; each adds the address it came from to "
        "X-Forwarded-For",
    )
    hf_webhook_secret: SecretStr | None = Field(
        None, description="What a webhook's X-Webhook-Secret must be; without it anybody may announce changes"
    )
    hf_webhook_previous_secret: SecretStr | None = Field(
        None, description="The secret before that one: as good, while the Hub is told the new one"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged"
    )

    @field_validator("hf_auth_timeout_seconds")
    @classmethod
    def _leaves_time_for_an_answer(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("api_request_seconds")
        if limit is not None and value >= limit:
            raise ValueError("expected less than API_REQUEST_SECONDS")
        return value

    @property
    def webhook_secrets(self) -> list[bytes]:
        """What a webhook may prove itself with; nothing where anybody may announce changes."""
        if self.hf_webhook_secret is None:
            return []
        secrets = (self.hf_webhook_secret, self.hf_webhook_previous_secret)
        return [secret.get_secret_value().encode() for secret in secrets if secret is not None]

    @property
    def signing_keys(self) -> list[bytes]:
        """The keys of `assets_signing_keys`, the one to sign with first."""
        keys = self.assets_signing_keys
        return keys.get_secret_value().encode().split(b",") if keys else []

    @field_validator("hf_auth_path")
    @classmethod
    def _has_a_place_for_the_dataset(cls, value: str) -> str:
        if value and not (value.startswith("/") and value.count("%s") == value.count("%") == 1):
            raise ValueError("expected a path that starts with / and has one %s for the dataset, or nothing")
        return value

    @field_validator("assets_internal_location")
    @classmethod
    def _is_a_location(cls, value: str | None) -> str | None:
        if value is not None and not _LOCATION.fullmatch(value):
            raise ValueError("expected a path like /internal/assets, of letters of English, digits, _ and -")
        return value

    @field_validator("hf_webhook_secret", "hf_webhook_previous_secret")
    @classmethod
    def _can_be_sent_in_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        secret = value.get_secret_value() if value else ""
        if secret and not (secret.isascii() and secret.isprintable() and secret.strip() == secret):
            raise ValueError("expected printable ASCII characters without spaces around them")
        return value

    @field_validator("hf_jwt_additional_public_keys")
    @classmethod
    def _are_public_keys(cls, value: str | None) -> str | None:
        try:
            _ = load_keys(value) if value else []
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("expected PEM blocks, -----BEGIN PUBLIC KEY----- and so on, of Ed25519 keys") from None
        return value

    @field_validator("assets_signing_keys")
    @classmethod
    def _are_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not all(len(key) >= _MIN_KEY_LENGTH for key in value.get_secret_value().split(",")):
            raise ValueError(f"expected secrets of at least {_MIN_KEY_LENGTH} characters, separated by commas")
        return value
