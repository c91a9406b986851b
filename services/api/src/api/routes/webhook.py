"""POST /webhook: the Hub says that something changed."""

import asyncio
import hmac

import orjson
import pymongo
import structlog
from libcommon.jsons import dumps
from libqueue.model import JobKey
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.caching import share
from api.endpoint import Answer, Endpoint, Parameter
from api.errors import ApiError
from api.schemas import WEBHOOK, record
from api.services import Services, services_of
from api.tracing import origin_of
from api.webhook_payload import Closing, Event, InvalidPayloadError, events_of

MAX_BODY_BYTES = 1_000_000
_BODY_TIMEOUT_SECONDS = 5.0
# A thread that waits for Mongo can't be told to stop.
_WRITE_SECONDS = 5.0

logger = structlog.get_logger()


async def webhook(request: Request) -> Response:
    share(request, False)
    services = services_of(request)
    _check_secret(request, services)
    try:
        events = events_of(orjson.loads(await _body(request)))
    except (orjson.JSONDecodeError, InvalidPayloadError) as error:
        reason = str(error) if isinstance(error, InvalidPayloadError) else "it is not JSON"
        raise ApiError("InvalidPayload", f"The webhook's body has none of the known forms: {reason}.") from None
    # Both writes of each event are in before the answer: the Hub won't tell again.
    await run_in_threadpool(_apply, services, events, origin_of(request).labels)
    return Response(dumps({"status": "ok"}), 202, {"Cache-Control": "no-store"}, media_type="application/json")


def _check_secret(request: Request, services: Services) -> None:
    secrets = services.settings.webhook_secrets
    given = request.headers.get("x-webhook-secret", "").encode("latin-1")
    if secrets and not any(hmac.compare_digest(given, secret) for secret in secrets):
        raise ApiError("WebhookSecretError", "The header X-Webhook-Secret is missing or is not the webhook's secret.")


async def _body(request: Request) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except (TimeoutError, ClientDisconnect):
        raise ApiError(
            "InvalidPayload", "The webhook's body did not arrive.", headers={"Connection": "close"}
        ) from None
    return bytes(body)


def _too_large() -> ApiError:
    # The rest of the body is not worth reading.
    return ApiError(
        "PayloadTooLarge",
        f"The webhook's body has more than {MAX_BODY_BYTES} bytes.",
        headers={"Connection": "close"},
    )


def _apply(services: Services, events: list[Event], labels: dict[str, str]) -> None:
    with pymongo.timeout(_WRITE_SECONDS):
        for event in events:
            _apply_one(services, event, labels)


def _apply_one(services: Services, event: Event, labels: dict[str, str]) -> None:
    match event.closes:
        case Closing.EVERYBODY:
            services.records.close(event.dataset)
        case Closing.THE_PUBLIC:
            services.records.close_if_more_open_than_private(event.dataset)
        case Closing.NOBODY:
            services.records.announce(event.dataset)
    services.queue.add(JobKey("datasets", event.dataset), payload=labels)
    logger.info("webhook", action="webhook", dataset=event.dataset, closes=event.closes.value)


ENDPOINT = Endpoint(
    path="/webhook",
    handler=webhook,
    method="POST",
    summary="Says that something changed at the Hub",
    description="The body is a webhook of the Hub's, of version 3, of version 2, or of the form of 2022. When the "
    "answer comes, the job that looks at the dataset is stored for good.",
    request_headers=(
        Parameter("X-Webhook-Secret", "The secret of the webhook, where the service has one.", {"type": "string"}),
    ),
    body=WEBHOOK,
    answers=(Answer(202, "It is noted.", {"application/json": record({"status": {"const": "ok"}})}),),
    errors=("InvalidPayload", "WebhookSecretError", "PayloadTooLarge"),
)
