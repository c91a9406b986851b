"""What users do on the Hub: a thread that changes datasets at random, whether or not the Hub runs."""

from random import Random

from chaos.chance import Deck
from chaos.contents import Dataset, Form
from chaos.counts import Counts
from chaos.hub_side import VISIBILITIES, HubSide
from chaos.meanwhile import Meanwhile

_PAUSE_SECONDS = (0.2, 0.6)
_BURST = 6
_DECK = {
    "push": 6,
    "burst of pushes": 1,
    "split added or removed": 2,
    "config added or removed": 2,
    "card": 1,
    "broken or mended": 1,
    "deleted": 2,
    "created": 3,
    "visibility": 3,
}
_SPLITS = ("train", "validation", "test")


class Pushing(Meanwhile):
    """Changes what is on the Hub."""

    def __init__(self, hub_side: HubSide, random: Random, counts: Counts) -> None:
        super().__init__("pushing", random, _PAUSE_SECONDS)
        self._hub_side = hub_side
        self._counts = counts
        self._deck = Deck(_DECK, random)

    def step(self) -> None:
        event = self._deck.draw()
        there = event != "created"
        candidates = [dataset for dataset in self._hub_side.common if dataset.exists is there]
        if candidates:
            self._do(event, self.random.choice(candidates))
            self._counts.add("events", event)

    def _do(self, event: str, dataset: Dataset) -> None:
        match event:
            case "push":
                self._push(dataset)
            case "burst of pushes":
                for _ in range(_BURST):
                    self._push(dataset)
                    self._hub_side.write(dataset)
                    self.ended.wait(self.random.uniform(0, 0.4))
            case "split added or removed":
                config = self.random.choice(dataset.configs)
                self._toggle(dataset, config, self.random.choice(_SPLITS))
            case "config added or removed" if dataset.form in (Form.CSV, Form.JSON_LINES):
                self._toggle(dataset, "extra", "train")
            case "card":
                dataset.card = self._hub_side.next_version()
            case "broken or mended":
                dataset.form = Form.CSV if dataset.form is Form.BROKEN else Form.BROKEN
            case "deleted":
                dataset.exists = False
            case "created":
                dataset.exists = True
                self._push(dataset)
            case "visibility":
                self._hub_side.visibility[dataset.name] = self.random.choice(VISIBILITIES)
                self._hub_side.write_access()
        self._hub_side.write(dataset)

    def _push(self, dataset: Dataset) -> None:
        dataset.splits[self.random.choice(list(dataset.splits))] = self._hub_side.next_version()

    def _toggle(self, dataset: Dataset, config: str, split: str) -> None:
        if (config, split) not in dataset.splits:
            dataset.splits[config, split] = self._hub_side.next_version()
        elif len(dataset.splits) > 1:
            del dataset.splits[config, split]
