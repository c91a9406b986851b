"""Datasets of pictures, and the files that workers make of them."""

import os
from io import BytesIO
from pathlib import Path

from hub.testing import eventually
from PIL import Image

from services.worker.tests.station import DATASET, Station

SECONDS = 60


def picture(side: int = 8) -> bytes:
    """A PNG that is new each time, and hardly smaller than three bytes a pixel."""
    written = BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(3 * side * side)).save(written, "PNG")
    return written.getvalue()


def push(station: Station, content: bytes) -> None:
    """Makes the dataset one of this picture, and has the workers follow."""
    before = station.head()
    station.put("train/a.png", content)
    eventually(lambda: station.head() not in (None, before), SECONDS)
    station.event()


def shown(station: Station) -> bytes | None:
    """The picture that a client is shown, if there is one."""
    rows = station.rows()
    return station.assets.joinpath(source(rows)).read_bytes() if rows else None


def source(rows: list[dict[str, dict[str, str]]]) -> str:
    """The path of its file below the assets directory."""
    return rows[0]["image"]["src"].removeprefix("/assets/")


def published(station: Station) -> list[Path]:
    """All files that were published and are there."""
    return [file for file in station.assets.glob(f"{DATASET}/--/*/*/[!.]*") if file.is_file()]


def staged(station: Station) -> list[Path]:
    """What workers have in their folders for files that are not published yet."""
    return list(station.assets.glob(".staging/*/files/**/*"))
