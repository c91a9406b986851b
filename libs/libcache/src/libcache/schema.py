"""The collections of the cache and their indexes.

Each filter in this library has an index whose first fields are all of the filter's fields: some servers use an
index only then.
"""

from enum import StrEnum
from typing import Any

from libcommon.mongo import connect
from mongoengine import BooleanField, DateTimeField, DictField, Document, IntField, ListField, LongField, StringField
from mongoengine.fields import BinaryField
from pymongo.database import Database

ALIAS = "cache"


class Visibility(StrEnum):
    """What a dataset is to the public, as the Hub said it last. A closed one waits for the Hub to be asked again."""

    UNKNOWN = "unknown"
    PUBLIC = "public"
    GATED = "gated"
    PRIVATE = "private"
    DISABLED = "disabled"
    MOVED = "moved"
    MISSING = "missing"
    CLOSED = "closed"


# What has answers, for whoever the Hub lets read them.
READABLE = (Visibility.PUBLIC, Visibility.GATED, Visibility.PRIVATE)


class DatasetDocument(Document):  # type: ignore[misc]
    """What is known of a dataset. Answers of another `generation` are not its answers any more."""

    dataset = StringField(required=True)
    generation = IntField(required=True)
    fence = IntField(required=True)
    observed_fence = IntField(required=True)
    visibility = StringField(choices=list(Visibility), required=True)
    revision = StringField()
    # What the answers of this revision are made of; see `reader.content`. None where that isn't known.
    signature = StringField()
    # When the Hub last spoke of it, in its list or to a job.
    seen_at = DateTimeField()
    # See `libcache.ring`.
    place = LongField(required=True)
    # A refresh is under way while more events came than a finished `datasets` job had seen.
    events = IntField(required=True)
    observed_events = IntField(required=True)
    # How often an event said that fewer may read it now; what opens a dataset must have seen all of them.
    closings = IntField(required=True)
    preview = BooleanField(required=True)
    # When the event came that led to the revision.
    event_at = DateTimeField()
    # Since when an operator keeps it from being served and read; None for all others.
    blocked_at = DateTimeField()
    expires_at = DateTimeField()

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "datasets",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["dataset"], "unique": True},
            {"fields": ["dataset", "generation", "observed_fence"]},
            {"fields": ["dataset", "generation", "closings", "observed_fence"]},
            {"fields": ["dataset", "fence"]},
            # The list of what has a preview.
            {"fields": ["visibility", "preview", "dataset"]},
            # The walk over all records.
            {"fields": ["place"]},
            # The list of what is blocked.
            {"fields": ["blocked_at"], "sparse": True},
            # Tombstones.
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class AnswerDocument(Document):  # type: ignore[misc]
    """One answer, as the bytes to send."""

    kind = StringField(required=True)
    dataset = StringField(required=True)
    config = StringField()
    split = StringField()
    generation = IntField(required=True)
    fence = IntField(required=True)
    revision = StringField()
    # What it is made of, as the record had it; None for an answer that another run could change.
    signature = StringField()
    # The trace that it was made in.
    traceparent = StringField()
    status = IntField(required=True)
    code = StringField()
    stale = BooleanField(required=True)
    # Of a stale one: what stands in the way of a newer one.
    failed_code = StringField()
    failed_revision = StringField()
    body = BinaryField(required=True)
    # Where the parts of the uncompressed body are; see `libcache.answers.Answer`.
    features_span = ListField(IntField())
    row_offsets = ListField(IntField())
    asset_ends = ListField(IntField())
    # Which attempt's folder of assets these URLs point to; None if there are none.
    assets_fence = LongField()
    configs = ListField()
    splits = ListField()
    num_rows_total = IntField()
    partial = BooleanField()
    written_at = DateTimeField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "answers",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["kind", "dataset", "config", "split"], "unique": True},
            {"fields": ["kind", "dataset", "config", "split", "fence"]},
            {"fields": ["kind", "dataset", "generation", "status"]},
            {"fields": ["dataset", "generation", "assets_fence"]},
            # What operators choose by.
            {"fields": ["code", "kind", "dataset", "config", "split", "stale"]},
        ],
    }


class PlanDocument(Document):  # type: ignore[misc]
    """How the rows of a config are read; without a config, what holds for all of a dataset. See `libcache.plans`."""

    dataset = StringField(required=True)
    config = StringField()
    generation = IntField(required=True)
    signature = StringField(required=True)
    fence = IntField(required=True)
    content = BinaryField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "plans",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["dataset", "config"], "unique": True},
            {"fields": ["dataset", "config", "fence"]},
            {"fields": ["dataset", "fence"]},
        ],
    }


class PassDocument(Document):  # type: ignore[misc]
    """How far a walk over everything there is has come, and who leads it; there is one for each kind of walk."""

    name = StringField(primary_key=True)
    # Whoever raises it first takes the next step.
    version = LongField(required=True)
    owner = StringField()
    lease_expires_at = DateTimeField()
    # None between two passes.
    phase = StringField()
    cursor = StringField()
    started_at = DateTimeField()
    finished_at = DateTimeField()
    not_before = DateTimeField(required=True)
    failures = IntField(required=True)
    # What the pass has counted so far.
    counts = DictField()

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "passes",
        "auto_create_index": False,
        "indexes": [{"fields": ["_id", "version"]}],
    }


class UsageDocument(Document):  # type: ignore[misc]
    """How much the assets take; there is one."""

    name = StringField(primary_key=True)
    # As of the end of the last pass over the directory.
    files = LongField(required=True)
    bytes = LongField(required=True)
    measured_at = DateTimeField()
    # In bytes: what counts against the quota, and all that ever was counted when it was published.
    used = LongField(required=True)
    published = LongField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "usage",
        "auto_create_index": False,
        "indexes": [{"fields": ["_id", "used"]}, {"fields": ["_id", "measured_at"]}],
    }


def open_cache_database(url: str, database: str) -> Database[dict[str, Any]]:
    """Connects to the cache's database and makes sure of its indexes.

    Raises:
        pymongo.errors.PyMongoError: the server can't be reached, or an index can't be made.
    """
    connected = connect(url, database, ALIAS)
    for document in (DatasetDocument, AnswerDocument, PlanDocument, PassDocument, UsageDocument):
        document.ensure_indexes()
    return connected
