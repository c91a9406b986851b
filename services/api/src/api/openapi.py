"""The OpenAPI 3.1 document of the API, made from the endpoints' own declarations.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from libcommon.errors import CATALOGUE, Fault

from api.endpoint import Answer, Endpoint, Parameter
from api.negotiation import PROBLEM as PROBLEM_TYPE
from api.schemas import ERROR, INTEGER, PROBLEM, STRING

Object = dict[str, Any]

_OF_A_PATH = re.compile(r"\{(\w+):path\}")
_OF_ALL = (
    "X-Request-Id",
    "Cache-Control",
    "Vary",
    "X-Content-Type-Options",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
)
_OF_ERRORS = ("X-Error-Code",)
_OF_CODES = {
    "TooManyRequests": ("RateLimit", "RateLimit-Policy", "Retry-After"),
    "ResponseNotReady": ("Retry-After",),
    "AuthCheckHubRequestError": ("Retry-After",),
    "UnexpectedError": ("Retry-After",),
    "InvalidPayload": ("Connection",),
    "PayloadTooLarge": ("Connection",),
}
_HEADERS: dict[str, tuple[str, Object]] = {
    "Accept-Ranges": ("Parts of the file can be had.", {"const": "bytes"}),
    "Access-Control-Allow-Origin": ("Any page may read the answer.", {"const": "*"}),
    "Access-Control-Expose-Headers": ("The headers that a page may read.", STRING),
    "Cache-Control": ("Who may keep the answer, and how long.", STRING),
    "Connection": ("The connection ends after this answer.", {"const": "close"}),
    "Content-Encoding": ("How the body is compressed.", {"enum": ["zstd", "gzip"]}),
    "Content-Range": ("Which part of the file it is.", STRING),
    "Content-Security-Policy": ("What the file may do in a browser: nothing.", STRING),
    "ETag": ("For `If-None-Match`. Only answers that everybody may see have it.", STRING),
    "Last-Modified": ("When the file was written.", STRING),
    "RateLimit": ("What is left of the limit, and when it is reset, in seconds.", STRING),
    "RateLimit-Policy": ("The limit: so many names in so many seconds.", STRING),
    "Retry-After": ("When to ask again, in seconds.", {**INTEGER, "minimum": 1}),
    "Vary": ("The request's headers that the answer depends on.", STRING),
    "X-Cache": ("`stale` while a newer answer is computed; else it isn't there.", {"const": "stale"}),
    "X-Content-Type-Options": ("The media type is what it says.", {"const": "nosniff"}),
    "X-Error-Code": ("The error's code.", STRING),
    "X-Request-Id": ("The id of the request: the one it came with, or a new one.", STRING),
    "X-Traceparent": ("The trace in which the answer was computed, if an event or a request began one.", STRING),
    "X-Revision": ("The commit that the answer was computed from.", {**STRING, "pattern": "^[0-9a-f]{40}$"}),
}
_ABOUT = """The first rows of every dataset of a Hub, precomputed.

Who may read a dataset at the Hub may read its answers here, with the same credentials: a token in `Authorization:
Bearer …`, the Hub's cookie, or a JWT of the Hub's for the dataset. An answer that isn't there yet is 503
`ResponseNotReady` with `Retry-After`: ask again. Errors are JSON objects with `error`, what is wrong and what to do;
their code is in the header `X-Error-Code`. Who accepts `application/problem+json` gets problem details (RFC 9457).

HEAD is GET without the body, everywhere."""
# Each is enough, and what is public needs none.
_SECURITY: list[Object] = [{}, {"token": []}, {"cookie": []}, {"jwt": []}]
_OF_DATASETS = "ExternalUnauthenticatedError"


def openapi(endpoints: Iterable[Endpoint]) -> Object:
    """The document of these endpoints."""
    paths: Object = {}
    for endpoint in endpoints:
        path = _OF_A_PATH.sub(r"{\1}", endpoint.path)
        paths[path] = {endpoint.method.lower(): _operation(endpoint)}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Datasets server",
            "version": version("api"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR, "Problem": PROBLEM},
            "headers": {name: {"description": about, "schema": schema} for name, (about, schema) in _HEADERS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token of the Hub's."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "token", "description": "The Hub's cookie."},
                "jwt": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Api-Key",
                    "description": "A JWT of the Hub's for this dataset; also as `Authorization: Bearer jwt:…`.",
                },
            },
        },
    }


def _operation(endpoint: Endpoint) -> Object:
    operation: Object = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "parameters": [
            *(_of_path(name) for name in _OF_A_PATH.findall(endpoint.path)),
            *(_parameter(parameter, "query") for parameter in endpoint.parameters),
            *(_parameter(parameter, "header") for parameter in endpoint.request_headers),
        ],
        "responses": _responses(endpoint),
        "security": _SECURITY if _OF_DATASETS in endpoint.errors else [],
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": endpoint.body}}}
    return operation


def _of_path(name: str) -> Object:
    description = "The rest of the path; it has slashes, which are not percent-encoded."
    return {"name": name, "in": "path", "required": True, "description": description, "schema": STRING}


def _parameter(parameter: Parameter, place: str) -> Object:
    described: Object = {
        "name": parameter.name,
        "in": place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": parameter.schema,
    }
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _responses(endpoint: Endpoint) -> Object:
    responses = {str(answer.status): _answer(answer) for answer in endpoint.answers}
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in dict.fromkeys((*endpoint.errors, "UnexpectedError")):
        by_status[CATALOGUE[code].status].append(code)
    for status, codes in by_status.items():
        responses[str(status)] = _error(status, codes)
    return dict(sorted(responses.items()))


def _answer(answer: Answer) -> Object:
    content: Object = {media_type: {"schema": schema} for media_type, schema in answer.bodies.items()}
    if answer.example is not None:
        content["application/json"] = {**content["application/json"], "example": answer.example}
    described: Object = {"description": answer.description, "headers": _headers((*_OF_ALL, *answer.headers))}
    return {**described, "content": content} if content else described


def _error(status: int, codes: Sequence[str]) -> Object:
    lines = [f"- `{code}`: {CATALOGUE[code].description}" for code in codes]
    headers = _headers((*_OF_ALL, *_OF_ERRORS, *(name for code in codes for name in _of_code(code))))
    headers["X-Error-Code"] = {"description": "The error's code.", "schema": {"enum": list(codes)}}
    return {
        "description": "\n".join([HTTPStatus(status).phrase + ":", *lines]),
        "headers": headers,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
            PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }


def _of_code(code: str) -> tuple[str, ...]:
    fault = CATALOGUE[code].fault
    stored = ("X-Revision", "X-Cache", "X-Traceparent") if fault is not None else ()
    later = ("Retry-After",) if fault is Fault.HUB else ()
    return (*_OF_CODES.get(code, ()), *stored, *later)


def _headers(names: Iterable[str]) -> Object:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)}
