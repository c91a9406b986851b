"""One request to the Hub: what it asks for, who asks, and what that caller may do."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request

from hub.access import Access
from hub.errors import (
    HubError,
    bad_request,
    disabled_repo,
    gated_repo,
    invalid_credentials,
    moved,
    repo_not_found,
    revision_not_found,
)
from hub.faults import FaultInjector
from hub.moves import led_to
from hub.names import is_legal_path
from hub.rules import Caller, Visibility
from hub.snapshot import Snapshot
from hub.store import Store
from hub.traffic import Traffic
from hub.uploads import Uploads

_MAX_BODY_BYTES = 16_000_000


@dataclass(frozen=True)
class Hub:
    """What every handler works with."""

    store: Store
    access: Access
    uploads: Uploads
    faults: FaultInjector
    traffic: Traffic


class Call:
    """A request, with the values found in its path. Raises `HubError` 401 for a token that is nobody's."""

    def __init__(self, hub: Hub, request: Request, values: dict[str, str], *, leads_on: bool = True) -> None:
        self.hub = hub
        self.request = request
        self.values = values
        self.leads_on = leads_on
        self.caller = self._authenticate()

    @property
    def repo(self) -> str:
        return f"{self.values['namespace']}/{self.values['name']}"

    @property
    def path(self) -> str:
        """The path inside the repository, without slashes at its end; may be empty. Raises `HubError` when illegal."""
        path = self.values.get("path", "").rstrip("/")
        if path and not is_legal_path(path):
            raise bad_request("The path must stay inside the repository and have no empty, '.' or '..' segments.")
        return path

    @property
    def base_url(self) -> str:
        """The address the caller reached the Hub at, without a slash at its end."""
        forwarded = self.request.headers.get("x-forwarded-proto", "").split(",")[0].strip()
        scheme = forwarded if forwarded in {"http", "https"} else self.request.url.scheme
        return f"{scheme}://{self.request.headers.get('host') or self.request.url.netloc}"

    @property
    def visibility(self) -> Visibility:
        return self.hub.access.visibility(self.repo)

    def flag(self, name: str) -> bool:
        return self.request.query_params.get(name, "").lower() in {"true", "1"}

    def visible(self) -> Snapshot:
        """The dataset asked for, if the caller may know what it is."""
        snapshot = self._present()
        if self.visibility.disabled:
            raise disabled_repo()
        return snapshot

    def readable(self) -> Snapshot:
        """The dataset asked for, if the caller may read what is in it."""
        snapshot = self.visible()
        if self.visibility.gated and not (self.caller and self.caller.may_read(self.repo)):
            raise gated_repo(self.caller, self.repo)
        return snapshot

    def writable(self) -> Snapshot:
        """The dataset asked for, if the caller may change it."""
        self.visible()
        return self.manageable()

    def manageable(self) -> Snapshot:
        """The dataset asked for, if the caller may change its settings and delete it: even while it is disabled."""
        snapshot = self._present()
        self.check_may_write(f"You don't have the right to write to {self.repo}.")
        return snapshot

    def check_may_write(self, refusal: str) -> None:
        if self.caller is None:
            raise HubError(401, "Invalid username or password.")
        if not self.caller.writes_everything:
            raise HubError(403, refusal)

    def at_revision(self, snapshot: Snapshot) -> Snapshot:
        """`snapshot`, if it is the revision asked for."""
        revision = self.values["revision"]
        if not snapshot.has_revision(revision):
            raise revision_not_found(revision, snapshot.sha)
        return snapshot

    def at_head(self, snapshot: Snapshot) -> Snapshot:
        """`snapshot`, if the revision asked for is the branch, which alone can be written to."""
        if self.values["revision"] not in {"main", "refs/heads/main"}:
            raise revision_not_found(self.values["revision"], snapshot.sha)
        return snapshot

    def about(self, repo: str) -> "Call":
        """The same call, about a repository that its body names: an old name leads nowhere from there."""
        namespace, _, name = repo.partition("/")
        return Call(self.hub, self.request, {"namespace": namespace, "name": name}, leads_on=False)

    async def body(self) -> bytes:
        """The whole body. Raises `HubError` 413 when it is over 16 MB."""
        body = bytearray()
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > _MAX_BODY_BYTES:
                raise HubError(413, "The body is too big.")
        return bytes(body)

    async def json(self) -> dict[str, Any]:
        """The body, a JSON object. Raises `HubError` 400 when it isn't one, 413 when it is over 16 MB."""
        try:
            content = json.loads(await self.body())
        except (ValueError, RecursionError):
            raise bad_request("The body must be JSON.") from None
        if not isinstance(content, dict):
            raise bad_request("The body must be a JSON object.")
        return content

    def stream(self) -> AsyncIterator[bytes]:
        return self.request.stream()

    def _present(self) -> Snapshot:
        snapshot = self.hub.store.get(self.repo)
        if snapshot is None or not sees(self.hub, self.caller, self.repo):
            raise self._moved() or repo_not_found(self.caller)
        return snapshot

    def _moved(self) -> HubError | None:
        new = led_to(self.hub.store, self.hub.access, self.repo) if self.leads_on else None
        if new is None or not sees(self.hub, self.caller, new):
            return None
        segments = self.request.scope["raw_path"].decode("ascii").split("/")
        place = [unquote(segment) for segment in segments].index("datasets") + 1
        suffix = unquote(segments[place + 1]).removeprefix(self.values["name"])
        segments[place : place + 2] = (new + suffix).split("/")
        query = self.request.url.query
        return moved(new, "/".join(segments) + (f"?{query}" if query else ""))

    def _authenticate(self) -> Caller | None:
        header = self.request.headers.get("authorization")
        if header is not None:
            scheme, _, token = header.strip().partition(" ")
            if scheme.lower() != "bearer":
                raise invalid_credentials()
        else:
            token = self.request.cookies.get("token", "")
            if not token:
                return None
        caller = self.hub.access.caller(token.strip())
        if caller is None:
            raise invalid_credentials()
        return caller


def sees(hub: Hub, caller: Caller | None, repo: str) -> bool:
    """Whether `caller` may know that `repo` is there."""
    return not hub.access.visibility(repo).private or (caller is not None and caller.may_read(repo))


def text_field(content: dict[str, Any], key: str) -> str:
    """The string at `key`. Raises `HubError` 400 when there is none."""
    value = content.get(key)
    if not isinstance(value, str):
        raise bad_request(f'"{key}" must be a string.')
    return value


def size_field(content: dict[str, Any], key: str) -> int:
    """The number of bytes at `key`. Raises `HubError` 400 when there is none."""
    value = content.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise bad_request(f'"{key}" must be a number of bytes.')
    return value


def list_field(content: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The list of objects at `key`. Raises `HubError` 400 when there is none."""
    value = content.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise bad_request(f'"{key}" must be a list of objects.')
    return value
