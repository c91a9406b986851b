"""How a verb fails, in words for the operator."""


class UsageError(Exception):
    """What was asked for can't be done; the message says what was expected."""


class NothingError(Exception):
    """There is nothing that the verb could be about; the message says what was looked for."""


class HubError(Exception):
    """The Hub gave no answer to build on; the message says what to do."""


class ClosedError(Exception):
    """Nobody gets in, since nobody was named who may."""


class UnauthenticatedError(Exception):
    """The request has no credentials that are good here."""


class ForbiddenError(Exception):
    """The credentials are good, and whose they are may not get in."""
