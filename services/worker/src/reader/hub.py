"""What the Hub says a dataset is now, and what it says when it can't or won't."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx2
from huggingface_hub import DatasetInfo, HfApi, get_session, hf_raise_for_status
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoSibling
from libcommon.errors import CodedError

from reader.scrub import scrub

TIMEOUT_SECONDS = 10.0
_NO_DATASET = "The Hub's answer does not describe a dataset. The job is tried again in a moment."
_NO_CONNECTION = (httpx2.TransportError, OfflineModeIsEnabled, ConnectionError, TimeoutError)


class RevisionGone(Exception):  # noqa: N818 - an event that starts a job again, not an error of it
    """The revision that a job is pinned to, or the whole dataset, is not on the Hub any more."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A dataset as the Hub shows it to the token in use.

    `visibility` is "public", "private", "gated", "disabled", "missing" or "moved"; `revision` the head's 40 hex digits;
    `moved_to` the full name, where the Hub answers under another one; `files` what that revision has, where that was
    asked for and the Hub told.
    """

    visibility: str
    revision: str | None
    moved_to: str | None = None
    files: tuple[RepoSibling, ...] = ()


def observe(dataset: str, *, endpoint: str, token: str | None, with_files: bool = False) -> Observation:
    """Ask the Hub what `dataset` is now, with one request.

    Raises:
        CodedError: `HfHubError` or `HubRateLimitedError` when the Hub gives no answer to build on.
    """
    api = HfApi(endpoint=endpoint, token=token or False)
    try:
        info = _describe_with_files(api, dataset) if with_files else _describe(api, dataset)
    except GatedRepoError:
        return Observation("gated", None)
    except (RepositoryNotFoundError, HFValidationError):
        return Observation("missing", None)
    except DisabledRepoError:
        return Observation("disabled", None)
    except Exception as error:
        raise hub_trouble(error) or no_sense(_NO_DATASET, error) from error
    if info.sha is None:
        raise CodedError("HfHubError", _NO_DATASET)
    if info.id != dataset:
        return Observation("moved", info.sha, info.id)
    visibility = visibility_of(disabled=info.disabled, private=info.private, gated=info.gated)
    return Observation(visibility, info.sha, files=tuple(info.siblings or ()))


def observe_revision(dataset: str, revision: str, *, endpoint: str, token: str | None) -> Observation:
    """Ask the Hub what `dataset` had at `revision`, with its files, with one request.

    Raises:
        CodedError: `HfHubError` or `HubRateLimitedError` when the Hub gives no answer to build on.
        RevisionGone: the Hub doesn't have it, or not for this token.
    """
    api = HfApi(endpoint=endpoint, token=token or False)
    try:
        info = api.dataset_info(dataset, revision=revision, timeout=TIMEOUT_SECONDS, files_metadata=True)
    except (RepositoryNotFoundError, RevisionNotFoundError, DisabledRepoError) as error:
        raise RevisionGone from error
    except httpx2.ReadTimeout:
        # So many files that looking each of them up takes the Hub too long.
        return Observation("public", revision)
    except Exception as error:
        raise hub_trouble(error) or no_sense(_NO_DATASET, error) from error
    visibility = visibility_of(disabled=info.disabled, private=info.private, gated=info.gated)
    return Observation(visibility, revision, files=tuple(info.siblings or ()))


def check_access(dataset: str, *, token: str | None) -> None:
    """Ask the Hub whether the token may read the files of a dataset that it may see.

    Raises:
        huggingface_hub.errors.GatedRepoError: it may not.
        Exception: what else the library raises when it gets no answer to build on.
    """
    HfApi(token=token or False).auth_check(dataset, repo_type="dataset")


def visibility_of(*, disabled: object, private: object, gated: object) -> str:
    """What a dataset that the Hub describes so is to the public."""
    if disabled:
        return "disabled"
    if private:
        return "private"
    return "gated" if gated else "public"


def _describe(api: HfApi, dataset: str) -> DatasetInfo:
    return api.dataset_info(dataset, timeout=TIMEOUT_SECONDS, expand=["sha", "private", "gated", "disabled"])


def _describe_with_files(api: HfApi, dataset: str) -> DatasetInfo:
    try:
        return api.dataset_info(dataset, timeout=TIMEOUT_SECONDS, files_metadata=True)
    except httpx2.ReadTimeout:
        # So many files that looking each of them up takes the Hub too long; the rest it may still know.
        return _describe(api, dataset)


def get(
    url: str, *, token: str | None, parameters: Mapping[str, str | int | list[str]] | None = None
) -> httpx2.Response:
    """One request, for what the library has no function for.

    Raises:
        huggingface_hub.errors.HfHubHTTPError: the answer is not a good one.
        httpx2.TransportError: there is none.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = get_session().get(url, params=parameters, headers=headers, timeout=TIMEOUT_SECONDS)
    hf_raise_for_status(answer)
    return answer


def chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and all that it hides: libraries raise "not found" over a refused connection."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is not None and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [current.__cause__, current.__context__]


def hub_trouble(error: BaseException) -> CodedError | None:
    """The coded error when the Hub is what failed: rate limit, server error, bad token, no connection."""
    links = list(chain(error))
    for link in links:
        if isinstance(link, HfHubHTTPError) and (coded := _http_trouble(link)) is not None:
            return coded
    for link in links:
        if isinstance(link, _NO_CONNECTION):
            return _coded("HfHubError", "The Hub could not be reached. The job is tried again in a moment.", link)
    return None


def no_sense(message: str, error: BaseException) -> CodedError:
    """The coded error when the Hub answers with something else than what it was asked for."""
    return _coded("HfHubError", message, error)


def _http_trouble(error: HfHubHTTPError) -> CodedError | None:
    if error.response is None:
        return None
    status = error.response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        message = "The Hub asked this server to slow down. The job is tried again later."
        return _coded("HubRateLimitedError", message, error, _retry_after(error.response.headers.get("Retry-After")))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return _coded("HfHubError", f"The Hub answered {status}. The job is tried again in a moment.", error)
    # What is about the dataset has an X-Error-Code and so a class of its own.
    if type(error) is not HfHubHTTPError:
        return None
    if status == HTTPStatus.UNAUTHORIZED:
        return _coded("HfHubError", "The Hub does not accept this server's token (HF_TOKEN).", error)
    return _coded("HfHubError", f"The Hub answered {status}. The job is tried again in a moment.", error)


def _coded(code: str, message: str, error: BaseException, retry_after: float | None = None) -> CodedError:
    return CodedError(
        code,
        message,
        cause_exception=type(error).__name__,
        cause_message=scrub(str(error)),
        retry_after=retry_after,
    )


def _retry_after(header: str | None) -> float | None:
    """Seconds, from either form of the header (RFC 9110, section 10.2.3)."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
