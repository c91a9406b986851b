"""The Hub's list of datasets, a page at a time, so that whoever reads it may stop and go on."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from libcommon.names import is_dataset_name

from reader.hub import Observation, get, hub_trouble, no_sense, visibility_of

_NO_LIST = "The Hub's answer is not a list of datasets."


@dataclass(frozen=True, slots=True)
class Page:
    """What the token may see of some datasets; `cursor` is where the next page begins, None after the last one."""

    datasets: list[tuple[str, Observation]]
    cursor: str | None


def read_page(cursor: str | None, length: int, *, endpoint: str, token: str | None) -> Page:
    """Ask the Hub for the page that begins at `cursor`, or for the first one, with one request.

    Raises:
        CodedError: `HfHubError` or `HubRateLimitedError` when the Hub gives no answer to build on.
    """
    parameters: dict[str, str | int | list[str]] = {
        "limit": length,
        "expand": ["sha", "private", "gated", "disabled"],
        # An order in which nothing moves while the list is read; a Hub that doesn't know it has one of its own.
        "sort": "createdAt",
    }
    if cursor is not None:
        parameters["cursor"] = cursor
    try:
        answer = get(f"{endpoint}/api/datasets", token=token, parameters=parameters)
        datasets = _read_list(answer.json())
        following = answer.links.get("next", {}).get("url")
        # Only the cursor is taken from the link: behind a proxy, its host may be one that is not reached from here.
        next_cursor = parse_qs(urlsplit(following).query)["cursor"][0] if following else None
    except Exception as error:
        raise hub_trouble(error) or no_sense(_NO_LIST, error) from error
    return Page(datasets, next_cursor)


def _read_list(described: Any) -> list[tuple[str, Observation]]:
    if not isinstance(described, list):
        raise TypeError(type(described).__name__)
    return [_read(dataset) for dataset in described if is_dataset_name(dataset["id"])]


def _read(described: dict[str, Any]) -> tuple[str, Observation]:
    visibility = visibility_of(**{name: described.get(name) for name in ("disabled", "private", "gated")})
    return described["id"], Observation(visibility, described.get("sha"))
