"""Verbs: what operators can see and do, each declared once for the command line and for HTTP.

`jobs list` is `python -m admin jobs list` and `GET /admin/jobs/list`; what changes something is `POST`, and is noted in
the audit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from libcommon.names import is_dataset_name
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from admin.desk import Desk
from admin.errors import UsageError
from admin.text import plain

MAX_LIMIT = 1_000
# A step of this many ends within about a second.
STEP = 500


class Parameters(BaseModel):
    """What a verb takes; each field is an option, a member of the query or of the body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Parameters):
    """No parameters."""


def _dataset_name(value: str) -> str:
    if not is_dataset_name(value):
        raise ValueError(f"{plain(value)} is no name of a dataset; expected NAMESPACE/NAME or NAME")
    return value


def _namespace_name(value: str) -> str:
    if "/" in value or not is_dataset_name(value):
        raise ValueError(f"{plain(value)} is no namespace; expected the part of a dataset's name before the /")
    return value


DatasetName = Annotated[str, AfterValidator(_dataset_name)]
NamespaceName = Annotated[str, AfterValidator(_namespace_name)]
JobType = Literal["datasets", "splits"]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many at most")]
Offset = Annotated[int, Field(ge=0, description="How many to leave out before")]
Cursor = Annotated[str | None, Field(description="Where the step or page before ended: its cursor")]

P = TypeVar("P", bound=Parameters)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Done:
    """What a change did, in one line."""

    said: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of long work: what it did, by counts, and where the next begins; None if it was the last."""

    done: dict[str, int]
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb(Generic[P, R]):
    """One of them. `does` may raise `UsageError`, `NothingError`, `HubError`, `PyMongoError` and `OSError`.

    `places` are the parameters that the command line takes by their place. A verb whose result is a `Step` takes a
    `cursor`; whoever calls it goes on with that of the step.
    """

    name: str
    parameters: type[P]
    does: Callable[[Desk, P], R]
    text: Callable[[R, P], str]
    summary: str
    about: str = ""
    places: tuple[str, ...] = ()
    changes: bool = False

    @property
    def path(self) -> str:
        """Where it is over HTTP."""
        return "/admin/" + self.name.replace(" ", "/")


class Choice(Parameters):
    """Which of many a verb is about: `all`, or those that have all the fields that are given."""

    all: bool = Field(False, description="All that there are, where nothing else is said")
    cursor: Cursor = None

    @property
    def wanted(self) -> dict[str, str]:
        """The fields that are given.

        Raises:
            UsageError: neither they nor `all`, or both.
        """
        wanted: dict[str, str] = self.model_dump(mode="json", exclude_none=True, exclude={"all", "cursor"})
        if bool(wanted) == self.all:
            raise UsageError("say which, or all: name what they have in common, such as a type or a dataset")
        return wanted


class OfJobs(Parameters):
    """Which jobs a verb is about."""

    type: JobType | None = Field(None, description="Only those of this type")
    namespace: NamespaceName | None = Field(None, description="Only those of this namespace")
    dataset: DatasetName | None = Field(None, description="Only those of this dataset")


def said(done: Done, _parameters: Any) -> str:
    """The text of a change."""
    return done.said


def counted(step: Step, _parameters: Any) -> str:
    """The text of long work."""
    return ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in step.done.items())


def perform(verb: Verb[P, R], desk: Desk, parameters: P, who: str) -> R:
    """Does it, and notes it where it changes something."""
    if not verb.changes:
        return verb.does(desk, parameters)
    given = parameters.model_dump(mode="json", exclude_none=True)
    with desk.audit.noted(who, verb.name, given) as result:
        done = verb.does(desk, parameters)
        result.update(done.done if isinstance(done, Step) else {})
    return done
