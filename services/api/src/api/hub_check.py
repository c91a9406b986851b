"""Asking the Hub whether a caller may read a dataset, with the caller's own credentials."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import unquote, urlsplit

import httpx2
import structlog
from libcommon.names import is_dataset_name

from api.credentials import Credentials
from api.settings import ApiSettings

_MAX_BODY_BYTES = 65_536
_RETRY_AFTER_SECONDS = 5
# A dataset asked for just before it was pushed must not stay unseen for long.
REFUSAL_SECONDS = 0.5

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a caller may read; `code` is None where it may. It is remembered for `max_seconds` at most."""

    code: str | None = None
    message: str = ""
    retry_after: float | None = None
    max_seconds: float = float("inf")


ALLOWED = Verdict()
NOT_AUTHENTICATED = Verdict(
    "ExternalUnauthenticatedError",
    "The dataset does not exist, or it is not public and the Hub did not accept the credentials of this request: "
    "check the name, or send a valid token of a user who may read it.",
    max_seconds=REFUSAL_SECONDS,
)
_NOT_ALLOWED = Verdict(
    "ExternalAuthenticatedError",
    "The dataset does not exist, or these credentials do not give access to it: check the name, or ask its owner "
    "for access.",
    max_seconds=REFUSAL_SECONDS,
)
UNKNOWN = Verdict(
    "AuthCheckHubRequestError",
    "The Hub could not be asked who may read the dataset: try again.",
    _RETRY_AFTER_SECONDS,
    max_seconds=0,
)


class HubCheck:
    """Asks the Hub; one for the process."""

    def __init__(self, settings: ApiSettings, asked: Callable[[str], object]) -> None:
        """`asked` is told of each answer: its status, or `none`."""
        self._asked = asked
        self._endpoint = settings.hf_endpoint
        self._path = settings.hf_auth_path
        self._timeout_seconds = settings.hf_auth_timeout_seconds
        self._client = httpx2.AsyncClient(
            timeout=settings.hf_auth_timeout_seconds,
            follow_redirects=False,
            # A cookie that the Hub sets for one caller must not go out with the next one's check.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(self, dataset: str, credentials: Credentials) -> Verdict:
        """What the Hub says about a caller with these."""
        url = self._endpoint + self._path % dataset
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._client.stream("GET", url, headers=credentials.headers) as response,
            ):
                # Only a connection whose answer was read to its end can be used again.
                read = 0
                async for chunk in response.aiter_raw():
                    read += len(chunk)
                    if read > _MAX_BODY_BYTES:
                        break
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            logger.warning("auth check failed", action="auth_check_failed", exception=type(error).__name__)
            self._asked("none")
            return UNKNOWN
        self._asked(str(response.status_code))
        match response.status_code:
            case 200:
                return ALLOWED
            case 401:
                return NOT_AUTHENTICATED
            case 403 | 404:
                return _NOT_ALLOWED
            case 301 | 307 | 308:
                return self._moved(dataset, response.headers.get("location", ""))
        logger.warning("auth check failed", action="auth_check_failed", status=response.status_code)
        return UNKNOWN

    def _moved(self, dataset: str, location: str) -> Verdict:
        name = self._name_in(location)
        if name == dataset:
            logger.warning("the Hub redirects the auth check to another address", action="auth_check_failed")
            return UNKNOWN
        now = f"is called {name} now" if name else "has another name now"
        return Verdict(
            "RenamedDatasetError", f"The dataset {now}: ask for it by that name.", max_seconds=REFUSAL_SECONDS
        )

    def _name_in(self, location: str) -> str | None:
        """The dataset that an address of the auth check is about; None where it is no such address."""
        before, _, after = self._path.partition("%s")
        try:
            path = unquote(urlsplit(location).path, errors="strict")
        except ValueError:
            return None
        # The Hub may be served under a path of its own: `HF_ENDPOINT` has it in front.
        path = path.removeprefix(urlsplit(self._endpoint).path)
        name = path.removeprefix(before).removesuffix(after)
        return name if path == before + name + after and is_dataset_name(name) else None
