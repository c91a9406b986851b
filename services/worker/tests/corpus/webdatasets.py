"""TAR archives in the WebDataset layout."""

import io
import json
import pickle
import tarfile
from typing import Any

import numpy as np

from services.worker.tests.corpus.case import Case, Failure, Files, Page, only
from services.worker.tests.corpus.images import IMAGE, shown
from services.worker.tests.corpus.media import Kept
from services.worker.tests.reader.edge_cases import picture, sound, tarred

_PNG, _BLUE, _WAV = picture(), picture("blue"), sound("WAV")
_KEYS = {"__key__": "string", "__url__": "string"}


def _case(name: str, files: Files, types: dict[str, object], *rows: dict[str, Any], **more: Any) -> Case:
    # The library has the keys of the last sample before its files, and of all others behind them.
    named = {**_KEYS, **types} if len(rows) == 1 else {**types, **_KEYS}
    page = Page(named, [{name: row.get(name, ...) for name in named} for row in rows], **more)
    return Case(name, lambda: {"data.tar": tarred(files)}, only(page))


def _link_to_outside() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        link = tarfile.TarInfo("1.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
        entry = tarfile.TarInfo("2.txt")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"good"))
    return data.getvalue()


def _array(value: Any, *, allow_pickle: bool = False) -> bytes:
    data = io.BytesIO()
    np.save(data, value, allow_pickle=allow_pickle)
    return data.getvalue()


class _Attack:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('a pickle was read')",)


CASES = [
    _case(
        "webdataset-images",
        {"1.png": _PNG, "1.txt": b"red", "2.png": _BLUE, "2.txt": b"blue"},
        {"png": IMAGE, "txt": "string"},
        {"png": shown(Kept(_PNG, ".png")), "txt": "red"},
        {"png": shown(Kept(_BLUE, ".png")), "txt": "blue"},
    ),
    _case(
        "webdataset-sounds",
        {"a/1.wav": _WAV, "a/1.json": json.dumps({"text": "silence", "n": 1}).encode()},
        {
            "wav": {"_type": "Audio"},
            "json": {"text": {"dtype": "string", "_type": "Value"}, "n": {"dtype": "int64", "_type": "Value"}},
        },
        {"wav": [{"src": Kept(_WAV, ".wav"), "type": "audio/wav"}], "json": {"text": "silence", "n": 1}},
    ),
    _case("webdataset-labels", {"1.cls": b"3", "2.cls": b"4"}, {"cls": "int64"}, {"cls": 3}, {"cls": 4}),
    _case(
        "webdataset-arrays",
        {"1.npy": _array(np.array([1, 2], np.int64))},
        {"npy": {"feature": {"dtype": "int64", "_type": "Value"}, "_type": "List"}},
        {"npy": [1, 2]},
    ),
    _case(
        "webdataset-one-broken-image",
        {"1.png": _PNG, "2.png": b"nothing"},
        {"png": IMAGE},
        {"png": shown(Kept(_PNG, ".png"))},
        {"png": None},
        errors={1: {"png": "not an image"}},
    ),
    _case(
        "webdataset-missing-file-later",
        {**{f"{n}.png": _PNG for n in range(6)}, **{f"{n}.txt": b"x" for n in range(0)}},
        {"png": IMAGE},
        *[{"png": shown(Kept(_PNG, ".png"))}] * 6,
    ),
    Case(
        "webdataset-files-of-unlike-names",
        lambda: {"data.tar": tarred({"1.png": _PNG, "2.txt": b"x"})},
        only(Failure("StreamingRowsError", "WebDataset", "name")),
    ),
    Case("webdataset-empty", lambda: {"data.tar": tarred({})}, only(Failure("EmptyDatasetError", "TAR archive"))),
    Case(
        "webdataset-that-is-no-archive",
        lambda: {"data.tar": b"not an archive" * 100},
        only(Failure("CorruptDataError", "data.tar")),
    ),
    Case(
        "webdataset-cut-off",
        lambda: {"data.tar": tarred({"1.png": _PNG, "2.png": b"\x00" * 50_000})[:4_000]},
        only(Failure("CorruptDataError", "data.tar")),
    ),
    _case(
        "webdataset-of-a-pickle",
        {"1.pickle": pickle.dumps(_Attack()), "1.txt": b"x"},
        {"pickle": "binary", "txt": "string"},
        {"txt": "x"},
    ),
    Case(
        "webdataset-of-an-array-with-a-pickle",
        lambda: {"data.tar": tarred({"1.npy": _array(np.array([_Attack()], object), allow_pickle=True)})},
        only(Failure("CorruptDataError", "data.tar")),
    ),
    Case(
        "webdataset-of-an-array-with-a-damaged-header",
        lambda: {"data.tar": tarred({"1.npy": _array(np.array([1])).replace(b", }", b",  ")})},
        only(Failure("CorruptDataError", "data.tar", "NumPy")),
    ),
    Case(
        "webdataset-link-to-outside",
        lambda: {"data.tar": _link_to_outside()},
        only(Page({**_KEYS, "txt": "string"}, [{"__key__": "2", "__url__": ..., "txt": "good"}])),
    ),
    Case(
        "webdataset-json-that-is-none",
        lambda: {"data.tar": tarred({"1.json": b"{not json"})},
        only(Failure("CorruptDataError", "data.tar", "JSON")),
    ),
]
