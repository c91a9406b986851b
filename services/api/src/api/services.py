"""What the handlers work with: opened when the app starts, closed when it stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from libcache.reading import Reader
from libcache.records import Records
from libcache.schema import open_cache_database
from libcache.storage import open_assets
from libcommon.mongo import connect_async
from libqueue.queue import Queue
from libqueue.schema import open_queue_database
from pymongo import AsyncMongoClient
from starlette.requests import Request

from api.auth import AuthCheck
from api.metrics import Metrics
from api.refused_names import RefusedNames
from api.settings import ApiSettings
from api.signing import Signer

if TYPE_CHECKING:
    from libcache.bucket import Bucket
    from libcache.directory import Directory


@dataclass(frozen=True, slots=True)
class Services:
    """One of each for the process. `reader` is for the event loop; `queue` and `records` block: use a thread."""

    settings: ApiSettings
    mongo: AsyncMongoClient[dict[str, Any]]
    reader: Reader
    records: Records
    queue: Queue
    assets: "Directory | Bucket"
    auth: AuthCheck | None
    """None: there is no check, and only what is known to be public is served."""
    signer: Signer
    refused_names: RefusedNames


class Databases:
    """The blocking ends of the two databases, connected to before the server listens.

    Raises:
        pymongo.errors.PyMongoError: the server can't be reached, or an index can't be made.
    """

    def __init__(self, settings: ApiSettings) -> None:
        self.queue = Queue(open_queue_database(settings.mongo_url, settings.mongo_queue_database), settings.limits)
        self.records = Records(open_cache_database(settings.mongo_url, settings.mongo_cache_database))


@asynccontextmanager
async def open_services(settings: ApiSettings, databases: Databases, metrics: Metrics) -> AsyncIterator[Services]:
    """The services, on the running event loop, for the time of the block."""
    auth = AuthCheck(settings, metrics.asked_hub) if settings.hf_auth_path else None
    async with connect_async(settings.mongo_url) as mongo:
        yield Services(
            settings=settings,
            mongo=mongo,
            reader=Reader(mongo[settings.mongo_cache_database]),
            records=databases.records,
            queue=databases.queue,
            assets=open_assets(settings),
            auth=auth,
            signer=Signer(settings.signing_keys, settings.assets_signature_seconds),
            refused_names=RefusedNames(),
        )
        if auth is not None:
            await auth.close()


def services_of(request: Request) -> Services:
    """The services of the app that serves `request`."""
    return cast(Services, request.app.state.services)
