"""Media in the cells of Parquet files, at any depth."""

from typing import Any

import pyarrow as pa
from PIL import Image

from services.worker.tests.corpus.case import Case, Page, only
from services.worker.tests.corpus.contents import embedded
from services.worker.tests.corpus.images import IMAGE, saved, shown
from services.worker.tests.corpus.media import Kept
from services.worker.tests.reader.edge_cases import parquet, picture, sound

_PNG, _BLUE, _WAV = picture(), picture("blue"), sound("WAV")
_RED_CELL, _BLUE_CELL = shown(Kept(_PNG, ".png")), shown(Kept(_BLUE, ".png"))
_SOUND_CELL = [{"src": Kept(_WAV, ".wav"), "type": "audio/wav"}]


def _bytes(data: bytes, path: str | None = "x.png") -> dict[str, Any]:
    return {"bytes": data, "path": path}


def _column(name: str, feature: object, values: list[Any], rows: list[Any], **more: Any) -> Case:
    return Case(
        name,
        lambda: {"data.parquet": parquet(pa.table({"m": values}), {"m": feature})},
        only(Page({"m": feature}, [{"m": row} for row in rows], **more)),
    )


def _avif() -> bytes:
    return saved(Image.new("RGB", (4, 3), "red"), "AVIF")


CASES = [
    Case(
        "embedded-images",
        lambda: {"data.parquet": embedded("Image", [_bytes(_PNG, "1.png"), None, _bytes(_BLUE)])},
        only(Page({"m": IMAGE}, [{"m": _RED_CELL}, {"m": None}, {"m": _BLUE_CELL}])),
    ),
    Case(
        "embedded-sounds",
        lambda: {"data.parquet": embedded("Audio", [_bytes(_WAV, "1.wav"), None, _bytes(b"nothing", "2.wav")])},
        only(
            Page(
                {"m": {"_type": "Audio"}},
                [{"m": _SOUND_CELL}, {"m": None}, {"m": None}],
                errors={2: {"m": "2.wav: not a sound"}},
            )
        ),
    ),
    Case(
        "embedded-images-named-as-an-attack",
        lambda: {
            "data.parquet": embedded(
                "Image", [_bytes(_PNG, "../../../etc/passwd"), _bytes(_PNG, "<script>.svg"), _bytes(_BLUE, "x.html")]
            )
        },
        only(Page({"m": IMAGE}, [{"m": _RED_CELL}, {"m": _RED_CELL}, {"m": _BLUE_CELL}])),
    ),
    Case(
        "embedded-images-without-bytes",
        lambda: {"data.parquet": embedded("Image", [{"bytes": None, "path": None}, _bytes(_PNG)])},
        only(Page({"m": IMAGE}, [{"m": None}, {"m": _RED_CELL}], errors={0: {"m": "neither bytes nor a path"}})),
    ),
    Case(
        "embedded-image-of-zero-bytes",
        lambda: {"data.parquet": embedded("Image", [_bytes(b"", "1.png"), _bytes(_PNG)])},
        only(Page({"m": IMAGE}, [{"m": None}, {"m": _RED_CELL}], errors={0: {"m": "not an image"}})),
    ),
    _column(
        "embedded-images-in-lists",
        {"feature": IMAGE, "_type": "List"},
        [[_bytes(_PNG), _bytes(_BLUE)], [], None],
        [[_RED_CELL, _BLUE_CELL], [], None],
    ),
    _column(
        "embedded-images-deep-inside",
        {"x": {"feature": {"y": {"feature": IMAGE, "_type": "List"}}, "_type": "List"}},
        [{"x": [{"y": [_bytes(_PNG)]}, {"y": []}]}],
        [{"x": [{"y": [_RED_CELL]}, {"y": []}]}],
    ),
    _column(
        "embedded-one-broken-in-a-list",
        {"feature": IMAGE, "_type": "List"},
        [[_bytes(_PNG), _bytes(b"nothing"), _bytes(_BLUE)]],
        [[_RED_CELL, None, _BLUE_CELL]],
        errors={0: {"m": "not an image"}},
    ),
    _column(
        "embedded-image-beside-text-in-an-object",
        {"image": IMAGE, "caption": {"dtype": "string", "_type": "Value"}},
        [{"image": _bytes(_PNG), "caption": '"src":"/assets/x"'}],
        [{"image": _RED_CELL, "caption": '"src":"/assets/x"'}],
    ),
    _column(
        "embedded-images-of-a-plain-binary-column",
        {"dtype": "binary", "_type": "Value"},
        [b"\x00\x01"],
        ["AAE="],
    ),
    Case(
        "embedded-hundreds-of-images",
        lambda: {"data.parquet": embedded("Image", [_bytes(picture(size=(4, n + 1))) for n in range(150)])},
        only(
            Page(
                {"m": IMAGE},
                [{"m": shown(Kept(picture(size=(4, n + 1)), ".png"), 4, n + 1)} for n in range(100)],
                number=100,
                ends="first 100 rows",
            )
        ),
    ),
    Case(
        "embedded-avif",
        lambda: {"data.parquet": embedded("Image", [{"bytes": _avif(), "path": "x.avif"}])},
        only(Page({"m": IMAGE}, [{"m": shown(Kept(_avif(), ".avif"))}])),
    ),
]
