"""What there is of assets, and what of it should be there and isn't."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from libcache.answers import AnswerKey, Answers
from libcache.assets import Assets, Size
from libcache.records import Records
from libcache.schema import READABLE
from libcache.sweeping import Place, State, Sweeper


@dataclass(frozen=True, slots=True)
class Survey:
    """How much there is: by what is to become of it, and by dataset, the largest first."""

    states: dict[State, Size]
    datasets: list[tuple[str, Size]]

    @property
    def total(self) -> Size:
        """All of it."""
        return sum(self.states.values(), Size())


@dataclass(frozen=True, slots=True)
class BrokenAnswer:
    """An answer that clients get, and the paths of the files that it points to and that aren't there."""

    key: AnswerKey
    missing: list[str]


def survey(sweeper: Sweeper) -> Survey:
    """Looks at all assets, and changes nothing.

    Raises:
        OSError: it can't be read.
        pymongo.errors.PyMongoError: Mongo can't be asked.
    """
    states = dict.fromkeys(State, Size())
    datasets: dict[str, Size] = {}
    for dataset in sweeper.datasets():
        place: Place | None = Place(dataset)
        while place is not None:
            judged, place = sweeper.judge(place)
            for each in judged:
                size = each.folder.size()
                states[each.state] += size
                datasets[dataset] = datasets.get(dataset, Size()) + size
    largest = sorted(datasets.items(), key=lambda item: (-item[1].bytes, item[0]))
    return Survey(states, largest)


def broken_answers(
    labels: Iterable[tuple[AnswerKey, int]], assets: Assets, records: Records, answers: Answers
) -> Iterator[BrokenAnswer]:
    """Finds among answers, given by key and generation, those that clients get and that point to files that aren't
    there.

    Raises:
        pymongo.errors.PyMongoError: Mongo can't be asked.
    """
    for key, generation in labels:
        if not assets.missing(answers.asset_paths(key, generation)):
            continue
        record = records.find(key.dataset)
        if record is None or record.generation != generation or record.visibility not in READABLE:
            continue
        # Once more: the answer may have been replaced before it was looked for its files.
        if missing := assets.missing(answers.asset_paths(key, generation)):
            yield BrokenAnswer(key, missing)
