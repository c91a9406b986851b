"""Files of which a direct reader fetches only the beginning: longer than that, and of every kind that it reads."""

import bz2
import gzip
import io
import json
import lzma
import random
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

_SEED = 4
_ROWS = 60_000


def _rows(count: int = _ROWS) -> list[dict[str, object]]:
    chance = random.Random(_SEED)
    return [
        {
            "number": number,
            "share": chance.random(),
            "text": f'{chance.randbytes(20).hex()} "quoted", \n and é 😀',
            "maybe": None if number % 7 else f"every {number % 91}",
        }
        for number in range(count)
    ]


def _csv() -> bytes:
    quoted = (
        f'{row["number"]},{row["share"]},"{str(row["text"]).replace(chr(34), chr(34) * 2)}",{row["maybe"] or ""}'
        for row in _rows()
    )
    return ("number,share,text,maybe\n" + "\n".join(quoted) + "\n").encode()


def _json_lines() -> bytes:
    return "".join(json.dumps(row) + "\n" for row in _rows()).encode()


def _json_array() -> bytes:
    return json.dumps(_rows(), indent=1).encode()


def _text() -> bytes:
    return "".join(f"{row['text']!r}\n" for row in _rows()).encode()


def _parquet(row_group_size: int, **options: object) -> bytes:
    rows = [
        {**row, "list": [row["number"]] * 3, "object": {"a": row["share"], "b": [{"c": row["maybe"]}]}}
        for row in _rows(30_000)
    ]
    data = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), data, row_group_size=row_group_size, **options)
    return data.getvalue()


FILES: Mapping[str, Callable[[], bytes]] = {
    "data.csv": _csv,
    "data.jsonl": _json_lines,
    "data.json": _json_array,
    "data.txt": _text,
    "data.csv.gz": lambda: gzip.compress(_csv(), mtime=0),
    "data.jsonl.bz2": lambda: bz2.compress(_json_lines()),
    "data.json.xz": lambda: lzma.compress(_json_array(), preset=0),
    "one-row-group.parquet": lambda: _parquet(30_000),
    "small-pages.parquet": lambda: _parquet(30_000, data_page_size=500, use_dictionary=False, data_page_version="2.0"),
    "many-row-groups.parquet": lambda: _parquet(30, compression="zstd"),
}
