"""What the verbs work with: the queue, the cache, the assets and the Hub of one installation."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from libcache.answers import Answers
from libcache.assets import Assets
from libcache.browsing import Browsing
from libcache.plans import Plans
from libcache.records import Records
from libcache.schema import open_cache_database
from libcache.settings import AssetsSettings
from libcache.storage import open_assets
from libcache.sweeping import Sweeper
from libcache.usage import Usage
from libqueue.dead import Dead
from libqueue.inspection import Inspection
from libqueue.queue import Queue
from libqueue.schema import open_queue_database

from admin.audit import Audit
from admin.hub import Hub
from admin.migrations import Migrations
from admin.settings import DeskSettings


class Desk:
    """All of it. The settings of the assets are read when a verb needs them.

    Raises:
        pymongo.errors.PyMongoError: the server can't be reached.
    """

    def __init__(self, settings: DeskSettings, assets_settings: Callable[[], AssetsSettings]) -> None:
        queue = open_queue_database(settings.mongo_url, settings.mongo_queue_database)
        cache = open_cache_database(settings.mongo_url, settings.mongo_cache_database)
        self.queue = Queue(queue, settings.limits)
        self.inspection = Inspection(queue)
        self.dead = Dead(queue)
        self.records = Records(cache)
        self.answers = Answers(cache)
        self.browsing = Browsing(cache)
        self.plans = Plans(cache)
        self.passes = cache["passes"]
        self.hub = Hub(settings.hf_endpoint, settings.hf_token)
        self.migrations = Migrations(cache)
        self.audit = Audit(cache, settings.audit_seconds)
        self._cache = cache
        self._assets_settings = assets_settings

    def now(self) -> datetime:
        """The database's time."""
        return self.inspection.now()

    @cached_property
    def assets_settings(self) -> AssetsSettings:
        """Where media files are, how long and how many."""
        return self._assets_settings()

    @cached_property
    def assets(self) -> Assets:
        """The media files.

        Raises:
            OSError: their place isn't there, which is not the same as an empty one.
        """
        assets = open_assets(self.assets_settings)
        try:
            assets.check()
        except OSError as error:
            raise OSError(error.errno, f"ASSETS_STORAGE: {error.strerror or error}") from error
        return assets

    @cached_property
    def usage(self) -> Usage:
        """How much the media files take."""
        return Usage(self._cache, self.assets_settings.assets_quota_bytes)

    @cached_property
    def sweeper(self) -> Sweeper:
        """What removes media files."""
        return Sweeper(self.assets, self.records, self.answers, self.assets_settings.assets_grace_seconds)
