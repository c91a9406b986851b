"""Settings: one typed class a process, read once at start from the environment."""

import re
import sys
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

EmptyIsNone = BeforeValidator(lambda value: None if value == "" else value)
_DATABASE_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ValueError("expected an address like https://HOST or http://HOST:PORT")
    return value


HttpAddress = Annotated[str, AfterValidator(_address)]


class Settings(BaseSettings):
    """Base of every settings class: names are environment variables in capitals, values are checked at start."""

    model_config = SettingsConfigDict(case_sensitive=False, frozen=True, extra="ignore", env_ignore_empty=True)

    @classmethod
    def from_environment(cls) -> Self:
        """Reads the environment.

        Raises:
            SystemExit: a value is missing or wrong; each is named on stderr with what was expected, never with
                the value, which may be a secret.
        """
        try:
            return cls()
        except ValidationError as error:
            for problem in error.errors(include_input=False, include_url=False):
                name = str(problem["loc"][0]).upper() if problem["loc"] else "settings"
                print(f"{name}: {problem['msg'].removeprefix('Value error, ')}", file=sys.stderr)
            raise SystemExit(2) from None


class MongoSettings(Settings):
    """Where the queue and the cache are."""

    mongo_url: str = Field(
        description="MongoDB connection string, for example mongodb://127.0.0.1:27017; "
        "a database in its path is the one that knows the user"
    )
    mongo_queue_database: str = Field("datasets_server_queue", description="Database of the queue")
    mongo_cache_database: str = Field("datasets_server_cache", description="Database of the answers")

    @field_validator("mongo_queue_database", "mongo_cache_database")
    @classmethod
    def _is_database_name(cls, value: str) -> str:
        if not _DATABASE_NAME.fullmatch(value):
            raise ValueError("expected at most 63 letters of English, digits, _ and -")
        return value

    @field_validator("mongo_url")
    @classmethod
    def _is_mongo_url(cls, value: str) -> str:
        expected = "expected a connection string like mongodb://USER:PASSWORD@HOST:PORT, percent-encoded"
        if not value.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError(expected)
        try:
            # The hosts of the other kind are in the DNS, which may be down for a while.
            _ = parse_uri(value) if value.startswith("mongodb://") else urlsplit(value)
        except (PyMongoError, ValueError):
            raise ValueError(expected) from None
        return value


class HubSettings(Settings):
    """Which Hub the datasets are on."""

    hf_endpoint: HttpAddress = Field("https://huggingface.co", description="Address of the Hub")

    @field_validator("hf_endpoint")
    @classmethod
    def _has_no_slash_at_its_end(cls, value: str) -> str:
        return value.rstrip("/")


OptionalText = Annotated[str | None, EmptyIsNone]
