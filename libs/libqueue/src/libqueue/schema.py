"""The collections of the queue and their indexes.

Each filter in this library has an index whose first fields are all of the filter's fields: some servers use an
index only then. `docs/queue.md` lists them.
"""

from typing import Any

from libcommon.mongo import connect
from mongoengine import DateTimeField, DictField, Document, FloatField, IntField, ListField, LongField, StringField
from mongoengine.fields import BooleanField, ObjectIdField
from pymongo.database import Database

from libqueue.model import Status

ALIAS = "queue"
_RUNNING = {"status": Status.RUNNING.value}


class JobDocument(Document):  # type: ignore[misc]
    """The job of one key that waits or runs, or runs and has to run once more."""

    key = StringField(primary_key=True)
    # New at every transition; so it is the fence between two holders of one job, and what each update asks for.
    token = ObjectIdField(required=True)
    type = StringField(required=True)
    dataset = StringField(required=True)
    config = StringField()
    split = StringField()
    namespace = StringField(required=True)
    payload = DictField()
    status = StringField(choices=list(Status), required=True)
    priority = IntField(required=True)
    created_at = DateTimeField(required=True)
    # When the first of the events came that the next run, or the present one, is for.
    event_at = DateTimeField()
    # What orders ready jobs: microseconds since 1970, earlier for a higher priority.
    rank = LongField(required=True)
    # When somebody has to look at the job: the end of its lease or of its delay; and while the second half of a change
    # is still to come, when to do it for a process that died between the halves.
    due_at = DateTimeField()
    attempt = IntField(required=True)
    # Running jobs.
    owner = StringField()
    started_at = DateTimeField()
    dataset_slot = IntField()
    namespace_slot = IntField()
    # Somebody waits for one of its slots; of the jobs of its dataset, those of these types.
    crowded = BooleanField(required=True)
    crowd = ListField(StringField())
    # An event came while the job ran: what it has to run with once more.
    again = BooleanField(required=True)
    next_payload = DictField()
    next_priority = IntField()
    next_rank = LongField()
    next_event_at = DateTimeField()
    # What ends a job that can't succeed; see `Setback`.
    failures = IntField(required=True)
    crashes = IntField(required=True)
    out_of_memory = IntField(required=True)
    timeouts = IntField(required=True)
    lost_leases = IntField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "jobs",
        "auto_create_index": False,
        "indexes": [
            # The caps: a slot of a dataset or a namespace is held by one running job.
            {"fields": ["dataset", "dataset_slot"], "unique": True, "partialFilterExpression": _RUNNING},
            {"fields": ["namespace", "namespace_slot"], "unique": True, "partialFilterExpression": _RUNNING},
            # The head of a namespace, and what runs in it.
            {"fields": ["namespace", "status", "type", "rank"]},
            # What a dataset has.
            {"fields": ["dataset", "status", "type", "rank"]},
            # What somebody has to look at.
            {"fields": ["due_at"], "sparse": True},
            # Every conditional update of one job.
            {"fields": ["_id", "token", "crowded", "again", "due_at"]},
        ],
    }


class TurnDocument(Document):  # type: ignore[misc]
    """A namespace with ready jobs of one type; `_id` is "type:namespace"."""

    key = StringField(primary_key=True)
    type = StringField(required=True)
    namespace = StringField(required=True)
    # New whenever the turn is taken or held, or a job announced: who read it before that can do nothing to it.
    version = ObjectIdField(required=True)
    # How many jobs were announced since the namespace had none: 1 says that no other than that job can be there.
    announced = LongField(required=True)
    # Microseconds since 1970.
    taken_at = LongField(required=True)
    # Out of the rotation, since no job of the namespace may start.
    held = BooleanField(required=True)
    # Where to look for the head of the namespace; see `libqueue.windows`.
    horizon = LongField()
    span = LongField()

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "turns",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["type", "held", "taken_at"]},
            {"fields": ["namespace", "held"]},
            {"fields": ["held"]},
            {"fields": ["_id", "version"]},
        ],
    }


class PauseDocument(Document):  # type: ignore[misc]
    """What may not start until it is resumed; `_id` is "scope:name"."""

    key = StringField(primary_key=True)
    scope = StringField(required=True)
    name = StringField(required=True)
    since = DateTimeField(required=True)

    meta = {"db_alias": ALIAS, "collection": "pauses", "auto_create_index": False}  # noqa: RUF012


class HistoryDocument(Document):  # type: ignore[misc]
    """A run that ended its job; `_id` is its token."""

    key = StringField(required=True)
    type = StringField(required=True)
    dataset = StringField(required=True)
    config = StringField()
    split = StringField()
    namespace = StringField(required=True)
    outcome = StringField(required=True)
    code = StringField()
    attempt = IntField(required=True)
    owner = StringField(required=True)
    seconds = FloatField(required=True)
    peak_memory_bytes = LongField()
    ended_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "history",
        "auto_create_index": False,
        "indexes": [{"fields": ["dataset", "ended_at"]}, {"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


class DeadDocument(Document):  # type: ignore[misc]
    """A job that was given up, until one of its key ends otherwise; `_id` is its key."""

    key = StringField(primary_key=True)
    type = StringField(required=True)
    dataset = StringField(required=True)
    config = StringField()
    split = StringField()
    namespace = StringField(required=True)
    code = StringField()
    message = StringField()
    attempt = IntField(required=True)
    owner = StringField(required=True)
    failures = IntField(required=True)
    crashes = IntField(required=True)
    out_of_memory = IntField(required=True)
    timeouts = IntField(required=True)
    lost_leases = IntField(required=True)
    died_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "dead",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["dataset"]},
            {"fields": ["died_at"]},
            {"fields": ["_id", "died_at"]},
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


def open_queue_database(url: str, database: str) -> Database[dict[str, Any]]:
    """Connects to the queue's database and makes sure of its indexes.

    Raises:
        pymongo.errors.PyMongoError: the server can't be reached, or an index can't be made.
    """
    connected = connect(url, database, ALIAS)
    for document in (JobDocument, TurnDocument, PauseDocument, HistoryDocument, DeadDocument):
        document.ensure_indexes()
    return connected
