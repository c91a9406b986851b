"""The collections of the queue and their indexes.

Each filter in this library has an index whose first fields are all of the filter's fields: some servers use an
index only then.
"""

from typing import Any

from libcommon.mongo import connect
from mongoengine import DateTimeField, DictField, Document, IntField, StringField
from mongoengine.fields import BooleanField, ObjectIdField
from pymongo.database import Database

from libqueue.model import Status

ALIAS = "queue"
_RUNNING = {"status": Status.RUNNING.value}


class JobDocument(Document):  # type: ignore[misc]
    """The job of one key that waits or runs, or runs and has to run once more."""

    key = StringField(primary_key=True)
    # Tells this document from one of the same key that was finished before.
    job_id = ObjectIdField(required=True)
    type = StringField(required=True)
    dataset = StringField(required=True)
    config = StringField()
    split = StringField()
    namespace = StringField(required=True)
    payload = DictField()
    status = StringField(choices=list(Status), required=True)
    priority = IntField(required=True)
    created_at = DateTimeField(required=True)
    # Waiting jobs: `rank` orders those that are ready; the others become ready at `due_at`.
    ready = BooleanField()
    rank = DateTimeField(required=True)
    due_at = DateTimeField()
    # Running jobs. `attempt` only ever rises: it is the fence between two holders of one job.
    attempt = IntField(required=True)
    owner = StringField()
    started_at = DateTimeField()
    lease_expires_at = DateTimeField()
    dataset_slot = IntField()
    namespace_slot = IntField()
    # An event came while the job ran: what it has to run with once more.
    again = BooleanField(required=True)
    next_payload = DictField()
    next_priority = IntField()
    next_rank = DateTimeField()
    # What ends a job that can't succeed.
    failures = IntField(required=True)
    crashes = IntField(required=True)
    lost_leases = IntField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "jobs",
        "auto_create_index": False,
        "indexes": [
            # The caps: a slot of a dataset or a namespace is held by one running job.
            {"fields": ["dataset", "dataset_slot"], "unique": True, "partialFilterExpression": _RUNNING},
            {"fields": ["namespace", "namespace_slot"], "unique": True, "partialFilterExpression": _RUNNING},
            # The head of a namespace.
            {"fields": ["type", "namespace", "status", "ready", "rank"]},
            # Every conditional update of one job.
            {"fields": ["_id", "job_id", "status", "attempt", "again"]},
            {"fields": ["_id", "job_id", "status", "attempt", "lease_expires_at"]},
            # Leases that ran out, delays that are over.
            {"fields": ["status", "lease_expires_at"]},
            {"fields": ["status", "ready", "due_at"]},
            # What runs in a namespace, what a dataset has.
            {"fields": ["namespace", "status"]},
            {"fields": ["dataset", "type"]},
        ],
    }


class TurnDocument(Document):  # type: ignore[misc]
    """A namespace with waiting jobs of one type. Whoever raises `version` first has the turn."""

    type = StringField(required=True)
    namespace = StringField(required=True)
    version = IntField(required=True)
    taken_at = DateTimeField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "turns",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["type", "namespace"], "unique": True},
            {"fields": ["type", "taken_at"]},
            {"fields": ["_id", "version"]},
        ],
    }


class HistoryDocument(Document):  # type: ignore[misc]
    """A job that ended."""

    key = StringField(required=True)
    type = StringField(required=True)
    dataset = StringField(required=True)
    config = StringField()
    split = StringField()
    outcome = StringField(required=True)
    code = StringField()
    attempt = IntField(required=True)
    owner = StringField(required=True)
    ended_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "history",
        "auto_create_index": False,
        "indexes": [{"fields": ["dataset", "ended_at"]}, {"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


def open_queue_database(url: str, database: str) -> Database[dict[str, Any]]:
    """Connects to the queue's database and makes sure of its indexes.

    Raises:
        pymongo.errors.PyMongoError: the server can't be reached, or an index can't be made.
    """
    connected = connect(url, database, ALIAS)
    for document in (JobDocument, TurnDocument, HistoryDocument):
        document.ensure_indexes()
    return connected
