"""JPEG images, the same each time, and the ways in which datasets keep them."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

_SIZE = (320, 240)
# Noise makes an image of this size 36 kB.
_NOISE = 27
_QUALITY = 90
_ROW_GROUP_ROWS = 100
_FEATURES = {"image": {"_type": "Image"}, "caption": {"dtype": "string", "_type": "Value"}}


def write_folder(folder: Path, count: int) -> None:
    """Files with a `metadata.csv` beside them."""
    folder.mkdir(parents=True)
    with (folder / "metadata.csv").open("w", newline="") as file:
        metadata = csv.writer(file)
        metadata.writerow(("file_name", "caption"))
        for name, caption, content in _images(count):
            (folder / f"{name}.jpg").write_bytes(content)
            metadata.writerow((f"{name}.jpg", caption))


def write_parquet(path: Path, count: int) -> None:
    """A Parquet file that holds them, as the library writes it: schema metadata says what the column is.

    Source: `datasets.Features.arrow_schema`; row groups of 100 rows are the library's for images.
    """
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    described = json.dumps({"info": {"features": _FEATURES}})
    schema = pa.schema({"image": image, "caption": pa.string()}, metadata={"huggingface": described})
    path.parent.mkdir(parents=True, exist_ok=True)
    images = _images(count)
    with pq.ParquetWriter(path, schema) as writer:
        for _ in range(0, count, _ROW_GROUP_ROWS):
            rows = [
                {"image": {"bytes": content, "path": f"{name}.jpg"}, "caption": caption}
                for (name, caption, content), _ in zip(images, range(_ROW_GROUP_ROWS), strict=False)
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema))


def write_webdataset(path: Path, count: int) -> None:
    """A tar file with a JSON file for each.

    Source: the WebDataset format, files of one name and different extensions make one sample.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, caption, content in _images(count):
            for extension, data in (("jpg", content), ("json", json.dumps({"caption": caption}).encode())):
                member = tarfile.TarInfo(f"{name}.{extension}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))


def write_zip(path: Path, count: int) -> None:
    """A zip file of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, _, content in _images(count):
            # A time of its own would make it another file each time.
            archive.writestr(zipfile.ZipInfo(f"{name}.jpg"), content)


def _images(count: int) -> Iterator[tuple[str, str, bytes]]:
    """So often a name, a caption and the bytes of a JPEG file."""
    for number in range(count):
        yield f"{number:05}", f"This is image {number}.", _jpeg(number)


def _jpeg(number: int) -> bytes:
    generator = np.random.default_rng(number)
    shapes = Image.fromarray(generator.integers(256, size=(6, 8, 3), dtype=np.uint8)).resize(_SIZE)
    noise = generator.integers(-_NOISE, _NOISE, size=(_SIZE[1], _SIZE[0], 3))
    noisy = np.clip(np.asarray(shapes, dtype=np.int64) + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(noisy).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
