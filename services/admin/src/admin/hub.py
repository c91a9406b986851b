"""What is asked of the Hub: its list of datasets, and who a token belongs to.

Source: https://huggingface.co/docs/hub/api, `GET /api/datasets` and `GET /api/whoami-v2`.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from libcommon.names import is_dataset_name

from admin.errors import HubError

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the Hub's datasets; `cursor` is where the next page begins, None after the last one."""

    datasets: list[str]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a token belongs to."""

    name: str
    organizations: frozenset[str]


class Hub:
    """One Hub; every method may raise `HubError`."""

    def __init__(self, endpoint: str, token: str | None) -> None:
        self._endpoint = endpoint
        self._token = token

    def page(self, *, author: str | None, cursor: str | None, length: int) -> Page:
        """A page of the list, of all datasets or of those of a namespace."""
        parameters: dict[str, str | int] = {"limit": length, "sort": "createdAt"}
        parameters |= {"author": author} if author else {}
        parameters |= {"cursor": cursor} if cursor else {}
        answer = self._get("/api/datasets", self._token, parameters)
        try:
            names = [each["id"] for each in answer.json() if is_dataset_name(each["id"])]
            following = answer.links.get("next", {}).get("url")
            # Only the cursor is taken from the link: behind a proxy, its host may be one that is not reached from here.
            return Page(names, parse_qs(urlsplit(following).query)["cursor"][0] if following else None)
        except (ValueError, TypeError, KeyError):
            raise HubError("The Hub's answer is not a list of datasets: check HF_ENDPOINT.") from None

    def owner(self, token: str) -> Owner | None:
        """Whom a token belongs to; None if the Hub doesn't know it."""
        try:
            answer = self._get("/api/whoami-v2", token, {})
            about: Any = answer.json()
            return Owner(about["name"], frozenset(each["name"] for each in about.get("orgs", [])))
        except _RefusedError:
            return None
        except (ValueError, TypeError, KeyError):
            raise HubError("The Hub does not say whose token it is: check HF_ENDPOINT.") from None

    def _get(self, path: str, token: str | None, parameters: dict[str, str | int]) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = httpx2.get(f"{self._endpoint}{path}", params=parameters, headers=headers, timeout=_SECONDS)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise HubError(f"The Hub can't be asked ({type(error).__name__}): try again later.") from None
        if answer.status_code in (401, 403):
            raise _RefusedError("The Hub refuses the token: check HF_TOKEN.")
        if answer.status_code != 200:
            raise HubError(f"The Hub answers {answer.status_code}: try again later.")
        return answer


class _RefusedError(HubError):
    """The Hub doesn't take the token."""
