"""Writes small datasets with one peculiarity each to DIRECTORY/edge/<name>/: `python edge_cases.py DIRECTORY`."""

import gzip
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
from PIL import Image

README = "README.md"


def picture(color: str = "red", size: tuple[int, int] = (4, 3), file_format: str = "PNG", **options: object) -> bytes:
    """The bytes of a plain picture."""
    data = io.BytesIO()
    Image.new("RGB", size, color).save(data, file_format, **options)
    return data.getvalue()


def sound(file_format: str, subtype: str | None = None) -> bytes:
    """The bytes of a tenth of a second of silence."""
    data = io.BytesIO()
    soundfile.write(data, [0.0] * 800, 8_000, format=file_format, subtype=subtype)
    return data.getvalue()


def card(yaml: str) -> bytes:
    return f"---\n{yaml}\n---\n".encode()


def declaring(*data_files: str) -> bytes:
    lines = [f"  - config_name: c{number}\n    data_files: {file}" for number, file in enumerate(data_files)]
    return card("configs:\n" + "\n".join(lines))


def parquet(table: pa.Table, features: dict[str, object] | None = None) -> bytes:
    """A Parquet file; `features` is stored in it the way the `datasets` library does."""
    if features is not None:
        info = {"info": {"features": features}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(info)})
    data = io.BytesIO()
    pq.write_table(table, data)
    return data.getvalue()


def images_at(*paths: str | None) -> bytes:
    """A Parquet file with an image column that holds paths and no bytes."""
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    column = pa.array([None if path is None else {"bytes": None, "path": path} for path in paths], kind)
    return parquet(pa.table({"image": column}), {"image": {"_type": "Image"}})


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _odd_values() -> bytes:
    return parquet(
        pa.table(
            {
                "nanoseconds": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns")),
                "day": pa.array([datetime(2024, 2, 29)], pa.date32()),  # noqa: DTZ001
                "short": pa.array([timedelta(milliseconds=-1500)], pa.duration("ms")),
                "long": pa.array([timedelta(days=2, hours=1)], pa.duration("ns")),
                "not_a_number": pa.array([float("nan")]),
                "infinity": pa.array([float("inf")]),
                "big": pa.array([2**64 - 1], pa.uint64()),
                "binary": pa.array([b"\x00\xff"]),
                "half": pa.array([0.5], pa.float16()),
            }
        )
    )


DATASETS: dict[str, Callable[[], dict[str, bytes]]] = {
    "no-files": dict,
    "card-only": lambda: {README: b"# Nothing here"},
    "script": lambda: {"script.py": b"raise SystemExit", "data.csv": b"a\n1\n"},
    "bad-yaml": lambda: {README: card("configs: [unclosed"), "data.csv": b"a\n1\n"},
    "bad-data-files": lambda: {README: card("configs:\n- config_name: x\n  data_files: 7"), "data.csv": b"a\n1\n"},
    "bad-feature": lambda: {
        README: card("dataset_info:\n  features:\n  - name: a\n    dtype: nonsense"),
        "data.csv": b"a\n1\n",
    },
    "mixed-formats": lambda: {"train.csv": b"a\n1\n", "test.jsonl": lines({"a": 1})},
    "csv-header-only": lambda: {"data.csv": b"a,b\n"},
    "csv-empty": lambda: {"data.csv": b""},
    "csv-broken": lambda: {"data.csv": b"a,b\n1,2\n1,2,3,4\n"},
    "csv-latin": lambda: {"data.csv": "a\ncafé\n".encode("latin-1")},
    "csv-late-types": lambda: {"data.csv": b"a,b\n" + b"1,\n" * 50 + b"1.5,text\n"},
    "csv-shards": lambda: {"data/one.csv": b"a,b\n1,\n", "data/two.csv": b"a,b,c\n2.5,x,y\n"},
    "csv-shards-unlike": lambda: {"data/one.csv": b"a\n1\n", "data/two.csv": b"a\ntext\n"},
    "json-broken": lambda: {"data.jsonl": lines({"a": 1}) + b'{"a": 2'},
    "json-shards-unlike": lambda: {
        "data/one.jsonl": lines({"a": 1}, {"a": 2}),
        "data/two.jsonl": lines({"a": {"b": 1}}),
    },
    "json-mixed": lambda: {"data.jsonl": lines({"a": [{"x": 1}]}, {"a": [{"y": "z"}]}, {"a": [{"y": 2}]})},
    "parquet-broken": lambda: {"data.parquet": b"PAR1 this is not Parquet PAR1"},
    "odd-values": lambda: {"data.parquet": _odd_values()},
    "far-future": lambda: {"data.parquet": parquet(pa.table({"t": pa.array([0, 2**62], pa.timestamp("ms"))}))},
    "map": lambda: {"data.parquet": parquet(pa.table({"m": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))}))},
    "not-utf-8": lambda: {
        "data.parquet": parquet(pa.table({"text": pa.array([b"good", b"\xff\xfe"]).view(pa.string())}))
    },
    "wide": lambda: {"data.parquet": parquet(pa.table({f"column {i}": [i] for i in range(1_500)}))},
    "huge-cell": lambda: {"data.parquet": parquet(pa.table({"text": ["é\n" * 1_500_000]}))},
    "huge-rows": lambda: {"data.parquet": parquet(pa.table({"text": ["x" * 200_000] * 40, "n": list(range(40))}))},
    "long-name": lambda: {"data.parquet": parquet(pa.table({"n" * 1_100_000: [1]}))},
    "images": lambda: {
        "1.png": picture(),
        "2.png": b"not a picture",
        "3.bmp": picture("blue", (2, 5), "BMP"),
        "4.jpg": picture("blue", (6, 2), "JPEG", exif=_lying_on_its_side()),
        "5.png": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "6.tiff": picture("green", (2, 2), "TIFF"),
    },
    "images-oddly-named": lambda: dict.fromkeys(["a b%20c.png", "d#e?.png", "é@f.png"], picture()),
    "images-zipped": lambda: {"data.zip": zipped({"a/1.png": picture(), "a/2.png": picture("blue")})},
    "images-tarred": lambda: {
        "data.tar": tarred({"1.png": picture(), "1.txt": b"red", "2.png": picture("blue"), "2.txt": b"blue"})
    },
    "image-paths": lambda: {
        "data.parquet": images_at(
            "/etc/hostname",
            "http://127.0.0.1:1/x.png",
            "hf://datasets/edge/images@main/1.png",
            "hf://datasets/acme/private-notes@0000000000000000000000000000000000000000/x.png",
            None,
        )
    },
    "images-inside": lambda: {
        "data.parquet": parquet(
            pa.table(
                {
                    "nested": [[{"picture": {"bytes": picture(), "path": "<b>.svg"}}, {"picture": None}]],
                    "text": ['"src":"' + "x" * 30],
                }
            ),
            {
                "nested": {"_type": "List", "feature": {"picture": {"_type": "Image"}}},
                "text": {"_type": "Value", "dtype": "string"},
            },
        )
    },
    "meshes": lambda: {
        "data.parquet": parquet(
            pa.table({"mesh": pa.array([{"bytes": b"solid", "path": "x.stl"}]), "n": [1]}),
            {"mesh": {"_type": "Mesh"}, "n": {"_type": "Value", "dtype": "int64"}},
        )
    },
    "sounds": lambda: {
        "1.wav": sound("WAV"),
        "2.flac": sound("FLAC"),
        "3.ogg": sound("OGG"),
        "4.mp3": sound("MP3"),
        "5.aiff": sound("AIFF"),
        "6.wav": b"not a sound",
    },
    "videos": lambda: {"1.mp4": b"\x00\x00\x00\x18ftypisom" + b"\x00" * 100, "2.mp4": b"<html>"},
    "documents": lambda: {
        "1.pdf": b"%PDF-1.4\n%%EOF\n",
        "2.pdf": b"<html>",
        "3.pdf": picture("red", (200, 100), "PDF"),
    },
    "csv-tarred": lambda: {"data.csv.tar.gz": tarred({"data.csv": b"a,b\n1,2\n3,4\n"}, "w:gz")},
    "csv-gzipped": lambda: {"data.csv.gz": gzip.compress(b"a,b\n1,2\n")},
    "outside-path": lambda: {README: declaring("data.csv", "/etc/passwd"), "data.csv": b"a\n1\n"},
    "outside-parent": lambda: {README: declaring("data.csv", "../private-notes/data/*"), "data.csv": b"a\n1\n"},
    "outside-dataset": lambda: {
        README: declaring("data.csv", "hf://datasets/acme/private-notes/data/train-00000-of-00001.parquet"),
        "data.csv": b"a\n1\n",
    },
    "outside-address": lambda: {README: declaring("data.csv", "http://127.0.0.1:1/data.csv"), "data.csv": b"a\n1\n"},
    "outside-directory": lambda: {
        README: card("configs:\n- config_name: c0\n  data_files: data.csv\n- config_name: c1\n  data_dir: /etc"),
        "data.csv": b"a\n1\n",
    },
}


def _lying_on_its_side() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def write(directory: Path) -> None:
    """Write each of `DATASETS` to `directory/edge/<name>/`."""
    for name, files in DATASETS.items():
        (directory / "edge" / name).mkdir(parents=True)
        for path, content in files().items():
            file = directory / "edge" / name / path
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
