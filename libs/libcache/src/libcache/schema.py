"""The collections of the cache and their indexes.

Each filter in this library has an index whose first fields are all of the filter's fields: some servers use an
index only then.
"""

from enum import StrEnum
from typing import Any

from libcommon.mongo import connect
from mongoengine import BooleanField, DateTimeField, Document, IntField, ListField, StringField
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
    # A refresh is under way while more events came than a finished `datasets` job had seen.
    events = IntField(required=True)
    observed_events = IntField(required=True)
    # How often an event said that fewer may read it now; what opens a dataset must have seen all of them.
    closings = IntField(required=True)
    preview = BooleanField(required=True)
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
    status = IntField(required=True)
    code = StringField()
    stale = BooleanField(required=True)
    body = BinaryField(required=True)
    # Where the parts of the uncompressed body are; see `libcache.answers.Answer`.
    features_span = ListField(IntField())
    row_offsets = ListField(IntField())
    asset_ends = ListField(IntField())
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
            {"fields": ["dataset"]},
        ],
    }


def open_cache_database(url: str, database: str) -> Database[dict[str, Any]]:
    """Connects to the cache's database and makes sure of its indexes.

    Raises:
        pymongo.errors.PyMongoError: the server can't be reached, or an index can't be made.
    """
    connected = connect(url, database, ALIAS)
    for document in (DatasetDocument, AnswerDocument):
        document.ensure_indexes()
    return connected
