"""Removing the files that no answer points to any more.

What is decided here holds whatever other processes do, and however long this one is stopped in between:

- a folder below the record's generation is read by nobody, and never will be: it is removed;
- a folder that an answer points to stays;
- a folder that no answer points to may be one whose attempt goes on, or one with an answer that clients still have. It
  is not judged before a grace period is over since it was written, lest it is marked while it is, and then stays a
  grace period after it was first seen so. Then its attempt, if it is only stopped, is kept from ever storing its answer
  (`Answers.close`), and if it still hasn't done so, the folder is removed.

The time is asked before the answers are read: so a second look is a grace period after the first, wherever this process
was held up.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from libcache.answers import Answers
from libcache.assets import Assets, Folder, Size
from libcache.records import Records

# Of a dataset there may be as many folders as it has splits; the work of one look is bounded.
_MAX_FOLDERS = 500
# Of the grace period, for which the time that the place told is good enough.
_SHARE = 0.01


class State(StrEnum):
    """What is to become of a folder."""

    NAMED = "named"
    KEPT = "kept"
    TO_REMOVE = "to_remove"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk over the assets goes on: at a dataset's folder, by its generation and fence."""

    dataset: str
    folder: tuple[int, int] = (0, 0)

    @classmethod
    def parse(cls, text: str) -> "Place":
        """The place that `str` of it gave; no dataset's name has a space."""
        dataset, generation, fence = text.split(" ")
        return cls(dataset, (int(generation), int(fence)))

    def __str__(self) -> str:
        return " ".join((self.dataset, *map(str, self.folder)))


@dataclass(frozen=True, slots=True)
class Judged:
    """A folder, and what is to become of it; `is_new` if it was not yet noted that no answer points to it, `is_past` if
    no answer ever will be read that does.
    """

    folder: Folder
    state: State
    is_new: bool = False
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Swept:
    """How much is still there of what was looked at, and how much was removed."""

    there: Size = field(default_factory=Size)
    removed: Size = field(default_factory=Size)

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(self.there + other.there, self.removed + other.removed)


class Sweeper:
    """Looks at the folders of one place of assets, and removes those that are over.

    Raises:
        OSError: from each method, when the place can't be read or changed.
        pymongo.errors.PyMongoError: from each method, when Mongo can't be asked.
    """

    def __init__(
        self,
        assets: Assets,
        records: Records,
        answers: Answers,
        grace_seconds: float,
        *,
        max_folders: int = _MAX_FOLDERS,
    ) -> None:
        self._assets = assets
        self._records = records
        self._answers = answers
        self._grace_seconds = grace_seconds
        self._max_folders = max_folders
        self._asked_at, self._time = -math.inf, 0.0

    def datasets(self, since: str | None = None) -> Iterator[str]:
        """The datasets that have a folder, from `since` on."""
        return self._assets.datasets(since)

    def judge(self, place: Place) -> tuple[list[Judged], Place | None]:
        """What is to become of some of a dataset's folders, and where its others begin; changes nothing."""
        folders = [folder for folder in self._assets.folders(place.dataset) if folder.id >= place.folder]
        if not folders:
            return [], None
        looked_at, following = folders[: self._max_folders], folders[self._max_folders :]
        since = {folder.id: folder.unnamed_since() for folder in looked_at}
        now = self._now()
        record = self._records.find(place.dataset)
        named = self._answers.asset_folders(place.dataset)
        judged = []
        for folder in looked_at:
            if record is None or folder.generation < record.generation:
                judged.append(Judged(folder, State.TO_REMOVE, is_past=True))
            elif folder.id in named:
                judged.append(Judged(folder, State.NAMED))
            else:
                judged.append(self._judge_unnamed(folder, since[folder.id], now))
        return judged, Place(place.dataset, following[0].id) if following else None

    def sweep(self, place: Place) -> tuple[Swept, Place | None]:
        """Removes what is over of some of a dataset's folders; tells of them, and where its others begin."""
        judged, following = self.judge(place)
        swept = Swept()
        for each in self._looked_at_again(place.dataset, judged):
            swept += self._sweep(each)
        if following is None:
            self._assets.remove_empty_folders(place.dataset)
        return swept, following

    def _now(self) -> float:
        """The time of the place, or a little before: what is judged by that is judged too young."""
        if time.monotonic() >= self._asked_at + self._grace_seconds * _SHARE:
            self._asked_at, self._time = time.monotonic(), self._assets.now()
        return self._time

    def _looked_at_again(self, dataset: str, judged: list[Judged]) -> list[Judged]:
        """The same, once the attempts of those that are to be removed can't store their answers any more."""
        fences = [each.folder.fence for each in judged if each.state is State.TO_REMOVE and not each.is_past]
        if not fences:
            return judged
        # Files may be of a later time than the databases, if these were restored: attempts yet to come are not meant.
        self._records.raise_fence_to(dataset, max(fences))
        self._answers.close(dataset, max(fences))
        named = self._answers.asset_folders(dataset)
        return [
            Judged(each.folder, State.NAMED) if each.folder.id in named and not each.is_past else each
            for each in judged
        ]

    def _sweep(self, judged: Judged) -> Swept:
        folder = judged.folder
        if judged.state is State.TO_REMOVE:
            return Swept(removed=folder.remove())
        if judged.state is State.NAMED:
            folder.note_named()
        elif judged.is_new:
            folder.note_unnamed()
        return Swept(there=folder.size())

    def _judge_unnamed(self, folder: Folder, since: float | None, now: float) -> Judged:
        if since is None:
            return Judged(folder, State.KEPT, is_new=now - folder.written_at() >= self._grace_seconds)
        return Judged(folder, State.TO_REMOVE if now - since >= self._grace_seconds else State.KEPT)
