"""Who gets in: the bearer of the service's own token, and members of an organisation of the Hub with their tokens."""

import hmac
import time
from functools import lru_cache

from admin.audit import actor
from admin.errors import ClosedError, ForbiddenError, UnauthenticatedError
from admin.hub import Hub
from admin.settings import AdminSettings

# How long what the Hub said of a token holds, in seconds, at most.
_MEMORY_SECONDS = 30
_MAX_REMEMBERED = 1_000


class Door:
    """Closed to everybody unless the settings have a token or an organisation."""

    def __init__(self, settings: AdminSettings, hub: Hub) -> None:
        self._token = settings.admin_token.get_secret_value() if settings.admin_token else None
        self._organization = settings.admin_organization
        # What raises an error isn't remembered.
        self._owner = lru_cache(_MAX_REMEMBERED)(lambda token, _period: hub.owner(token))

    @property
    def is_closed(self) -> bool:
        """Whether nobody gets in."""
        return self._token is None and self._organization is None

    def admit(self, authorization: str | None) -> str:
        """Who it is that comes with this header `Authorization`, for the audit.

        Raises:
            ClosedError: nobody gets in.
            UnauthenticatedError: nobody knows the credentials.
            ForbiddenError: they are of somebody who is no member of the organisation.
            HubError: the Hub does not say whose they are.
        """
        if self.is_closed:
            raise ClosedError("The admin service is closed: its operator sets ADMIN_TOKEN or ADMIN_ORGANIZATION.")
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError("Send a token: Authorization: Bearer TOKEN.")
        if self._token is not None and hmac.compare_digest(token.encode(), self._token.encode()):
            return "token"
        return self._member(token)

    def _member(self, token: str) -> str:
        owner = None
        if self._organization is not None and token.isascii() and token.isprintable():
            owner = self._owner(token, int(time.monotonic() / _MEMORY_SECONDS))
        if owner is None:
            raise UnauthenticatedError("The token is not known here.")
        if self._organization not in owner.organizations:
            raise ForbiddenError("The token is of somebody who is no member of the organisation that may get in.")
        return actor("hub", owner.name)
