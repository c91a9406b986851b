"""What an endpoint is: what it takes and what it can answer, declared once, for the router and for the documents."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from libcommon.errors import CATALOGUE
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query. `schema` is JSON Schema; `example` is of the samples that come with the project."""

    name: str
    description: str
    schema: Schema
    required: bool = False
    example: str | int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no error: its bodies' schemas by media type, and the headers it has beside those of all."""

    status: int
    description: str
    bodies: Mapping[str, Schema] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    example: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path of the API, with the one method it answers (and HEAD, which is GET without the body).

    `errors` are the codes of the catalogue that it may answer with; any may answer `UnexpectedError`. Equal requests
    to one that is `kept` may be answered from memory.
    """

    path: str
    handler: Handler
    summary: str
    description: str = ""
    method: str = "GET"
    parameters: tuple[Parameter, ...] = ()
    request_headers: tuple[Parameter, ...] = ()
    body: Schema | None = None
    answers: tuple[Answer, ...]
    errors: tuple[str, ...] = ()
    kept: bool = False

    @property
    def route(self) -> Route:
        """The route for Starlette's router."""
        return Route(self.path, self.handler, methods=[self.method])


# What every endpoint about a dataset can answer: to whom may not read it, and while it is computed.
ERRORS_OF_DATASETS = (
    "MissingRequiredParameter",
    "InvalidParameter",
    "ExternalUnauthenticatedError",
    "ExternalAuthenticatedError",
    "RenamedDatasetError",
    "AuthCheckHubRequestError",
    "TooManyRequests",
)
# What a worker may have stored in place of a good answer.
STORED_ERRORS = tuple(entry.name for entry in CATALOGUE.values() if entry.fault is not None)
ERRORS_OF_ANSWERS = (
    *ERRORS_OF_DATASETS,
    "DatasetBlockedError",
    "ResponseNotReady",
    "ResponseNotFound",
    *STORED_ERRORS,
)

# Headers of a stored answer, beside those that every answer has.
_OF_STORED = ("ETag", "X-Cache", "X-Revision", "X-Traceparent")
HEADERS_OF_ANSWERS = ("Content-Encoding", *_OF_STORED)
NOT_MODIFIED = Answer(304, "The client has this answer already.", headers=_OF_STORED)
