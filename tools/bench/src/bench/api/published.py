"""The datasets whose answers are asked for: the same each time, put into the Hub's folder."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bench.rows import images
from bench.running_stack import RunningStack

ROWS = 100
TEXTS = {"bench/text-10k": 10_000, "bench/text-200k": 200_000, "bench/text-1m": 996_000}
"""Their names, and about how many bytes their `/first-rows` comes to; with 1,000,000 and more it would be cut."""
IMAGE = "bench/image"
PRIVATE_IMAGES = "bench/private-images"
# What `/first-rows` adds to a row's text, and to all of them.
_AROUND_ROW_BYTES = 56
_AROUND_ROWS_BYTES = 250
_WORDS = 2_000
_WORD_LETTERS = (2, 9)


def publish(stack: RunningStack) -> None:
    """Puts all of them into the Hub, each at once when it is whole."""
    # JSON is YAML too.
    (stack.datasets / "hub.yaml").write_text(json.dumps({"datasets": {PRIVATE_IMAGES: {"private": True}}}))
    for name, count in ((PRIVATE_IMAGES, ROWS), (IMAGE, 1)):
        with _staged(stack, name) as folder:
            images.write_folder(folder / "train", count)
    for seed, (name, size) in enumerate(TEXTS.items()):
        with _staged(stack, name) as folder:
            _write_texts(folder, (size - _AROUND_ROWS_BYTES) // ROWS - _AROUND_ROW_BYTES, seed)


@contextmanager
def _staged(stack: RunningStack, name: str) -> Iterator[Path]:
    staged, published = stack.data / "staged" / name, stack.datasets / name
    yield staged
    published.parent.mkdir(exist_ok=True)
    staged.rename(published)


def _write_texts(folder: Path, letters: int, seed: int) -> None:
    """A CSV file of texts with so many letters each, some words being frequent: they compress as prose does."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(*_WORD_LETTERS, size=_WORDS, endpoint=True)
    words = ["".join(map(chr, generator.integers(ord("a"), ord("z"), size, endpoint=True))) for size in lengths]
    shares = 1 / np.arange(1, _WORDS + 1)
    enough = (ROWS, letters // _WORD_LETTERS[0])
    texts = generator.choice(_WORDS, enough, p=shares / shares.sum())
    folder.mkdir(parents=True)
    with (folder / "data.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text",))
        # A space at the end might be taken off.
        rows.writerows((" ".join(words[number] for number in text)[: letters - 1] + ".",) for text in texts)
