"""Pictures and sounds: in folders, with metadata or labels, and inside Parquet."""

import io
import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from datasets import ClassLabel, Features, Image, List, Value

from samples.generators.drawing import COLOURS, SHAPES, draw, encode
from samples.generators.files import Generator, write_bytes, write_card, write_csv, write_parquet


def captioned_shapes(folder: Path) -> None:
    pictures: dict[str, list[dict[str, Any]]] = {"train": [], "test": []}
    for number, (shape, colour, upright) in enumerate(product(SHAPES, COLOURS, (False, True))):
        split = "test" if number % 3 == 2 else "train"
        extension = "png" if number % 2 else "jpg"
        name = f"{shape}-{colour}-{'upright' if upright else 'wide'}.{extension}"
        width, height = (48, 64) if upright else (64, 48)
        write_bytes(folder / split / name, encode(draw(shape, colour, width, height), extension))
        caption = f"A {colour} {shape} on a pale gradient."
        pictures[split].append({"file_name": name, "caption": caption, "shape": shape, "upright": upright})
    for split, rows in pictures.items():
        write_csv(folder / split / "metadata.csv", rows)
    write_card(
        folder, "Captioned shapes", "A folder of JPEG and PNG pictures with captions in metadata.csv, train and test."
    )


def labelled_shapes(folder: Path) -> None:
    for shape, colour in product(SHAPES, COLOURS):
        write_bytes(folder / shape / f"{colour}.jpg", encode(draw(shape, colour), "jpg"))
    write_card(folder, "Labelled shapes", "A folder of pictures whose class labels are the names of their folders.")


def shapes_in_parquet(folder: Path) -> None:
    features = Features(
        {
            "image": Image(),
            "shape": ClassLabel(names=list(SHAPES)),
            "thumbnails": List(Image()),
            "detail": {"mask": Image(), "note": Value("string")},
        }
    )
    rows: list[dict[str, Any]] = []
    for shape, colour in product(SHAPES, COLOURS):
        picture = draw(shape, colour)
        thumbnails = [
            {"bytes": encode(draw(shape, colour, size, size), "png"), "path": None}
            for size in (16, 24)[: len(rows) % 3]
        ]
        mask = {"bytes": encode(picture.convert("L"), "png"), "path": f"{shape}-{colour}-mask.png"}
        rows.append(
            {
                "image": {"bytes": encode(picture, "jpg"), "path": f"{shape}-{colour}.jpg"},
                "shape": SHAPES.index(shape),
                "thumbnails": thumbnails,
                "detail": {"mask": mask if len(rows) % 2 else None, "note": colour},
            }
        )
    rows.append({"image": None, "shape": None, "thumbnails": None, "detail": {"mask": None, "note": None}})
    write_card(
        folder, "Shapes in Parquet", "Pictures as bytes in Parquet: a column, lists, inside a struct, and missing ones."
    )
    write_parquet(folder / "data" / "train-00000-of-00001.parquet", rows, features)


def _sweep(start_hertz: int, end_hertz: int, seconds: float, rate: int, channels: int) -> "np.ndarray[Any, Any]":
    samples = []
    for index in range(int(seconds * rate)):
        time = index / rate
        phase = 2 * math.pi * (start_hertz * time + (end_hertz - start_hertz) * time * time / (2 * seconds))
        samples.append([round(12_000 * math.sin(phase) / (channel + 1)) for channel in range(channels)])
    return np.array(samples, dtype=np.int16)


def tone_sweeps(folder: Path) -> None:
    rows = []
    for number, (start, end, rate, channels, extension) in enumerate(
        [
            (220, 880, 8_000, 1, "wav"),
            (880, 220, 8_000, 1, "wav"),
            (440, 440, 16_000, 1, "wav"),
            (300, 3_000, 16_000, 2, "wav"),
            (100, 1_000, 8_000, 1, "flac"),
            (1_000, 100, 22_050, 2, "flac"),
        ]
    ):
        buffer = io.BytesIO()
        # Level 0 uses fixed predictors, whole numbers only; the others depend on the processor's floating point.
        level = 0.0 if extension == "flac" else None
        samples = _sweep(start, end, 0.5, rate, channels)
        soundfile.write(buffer, samples, rate, format=extension, subtype="PCM_16", compression_level=level)
        name = f"sweep-{number}.{extension}"
        write_bytes(folder / name, buffer.getvalue())
        words = "steady" if start == end else "rising" if start < end else "falling"
        rows.append({"file_name": name, "transcription": f"a {words} tone, {start} to {end} Hz", "channels": channels})
    write_csv(folder / "metadata.csv", rows)
    write_card(
        folder,
        "Tone sweeps",
        "A folder of half-second WAV and FLAC sounds, mono and stereo, with transcriptions in metadata.csv.",
    )


DATASETS: dict[str, Generator] = {
    "samples/captioned-shapes": captioned_shapes,
    "samples/labelled-shapes": labelled_shapes,
    "samples/shapes-in-parquet": shapes_in_parquet,
    "samples/tone-sweeps": tone_sweeps,
}
