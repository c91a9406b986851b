"""What is done to good files: a few edits, each by chance, as hypothesis chooses them and makes them fewer again."""

import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable, Sequence

import hypothesis.strategies as st
from reader.card import NAME

from services.worker.tests.corpus.case import Files
from services.worker.tests.fuzz.checksums import repaired
from services.worker.tests.fuzz.packing import Pack, inside_of

# What an input may have at most; the long ones take all the time.
MAX_BYTES = 200_000
_MAX_EDITS = 3
_MAX_SPAN = 64
_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1]
_TOKENS = [
    *(b"\n", b"\r", b"\r\n", b"\x00", b'"', b"'", b",", b";", b"\t", b"{", b"}", b"[", b"]", b":", b"- ", b"\\", b"/"),
    *(b"null", b"NaN", b"-Infinity", b"1e400", b"-1", b"9223372036854775808", b"1e-400", b"true", b"0x1F", b"1_000"),
    *(b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", "é".encode(), "\u2028".encode(), b"\\ud800"),
    *(b"---\n", b"...\n", b"&a ", b"*a", b"<<: *a", b"!!python/object:os.system ", b"? ", b"| ", b"2024-02-30", b"~"),
    *(b"../", b"%00", b"hf://", b"http://127.0.0.1:1/", b"zip://", b"::", b"**", b"{a,b}", b"[", b"train", b"x" * 300),
    *(b"/JBIG2Decode", b"/Length 99999999", b"<</Kids[1 0 R]>>"),
]

Edit = Callable[[st.DrawFn, bytes, Sequence[bytes]], bytes]


def _cut(draw: st.DrawFn, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: draw(st.integers(0, len(data)))]


def _flip(draw: st.DrawFn, data: bytes, _: Sequence[bytes]) -> bytes:
    at = draw(st.integers(0, max(len(data) - 1, 0)))
    return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]


def _put_number(draw: st.DrawFn, data: bytes, _: Sequence[bytes]) -> bytes:
    """As a length, a count or an offset may stand there."""
    at, size = draw(st.integers(0, len(data))), draw(st.sampled_from([1, 2, 4, 8]))
    number = draw(st.sampled_from(_NUMBERS) | st.sampled_from([len(data), len(data) - at, at]))
    written = (number % (1 << 8 * size)).to_bytes(size)
    return data[:at] + (written if draw(st.booleans()) else written[::-1]) + data[at + size :]


def _put_token(draw: st.DrawFn, data: bytes, _: Sequence[bytes]) -> bytes:
    at, over = draw(st.integers(0, len(data))), draw(st.integers(0, 8))
    return data[:at] + draw(st.sampled_from(_TOKENS)) + data[at + over :]


def _remove(draw: st.DrawFn, data: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(draw, data)
    return data[:begin] + data[end:]


def _repeat(draw: st.DrawFn, data: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(draw, data)
    return data[:begin] + data[begin:end] * draw(st.sampled_from([2, 3, 10, 1_000])) + data[end:]


def _move(draw: st.DrawFn, data: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(draw, data)
    rest = data[:begin] + data[end:]
    at = draw(st.integers(0, len(rest)))
    return rest[:at] + data[begin:end] + rest[at:]


def _splice(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    """The beginning of one file and the end of another, or a piece of that in its middle."""
    other = draw(st.sampled_from(others))
    at, begin = draw(st.integers(0, len(data))), draw(st.integers(0, len(other)))
    if draw(st.booleans()):
        return data[:at] + other[begin:]
    return data[:at] + other[begin : begin + draw(st.integers(1, _MAX_SPAN))] + data[at:]


def _span(draw: st.DrawFn, data: bytes) -> tuple[int, int]:
    begin = draw(st.integers(0, len(data)))
    return begin, begin + draw(st.integers(1, _MAX_SPAN))


# Formats with offsets in them survive little else.
_IN_PLACE: list[Edit] = [_flip, _put_number]
_ALL: list[Edit] = [*_IN_PLACE, _put_token, _cut, _remove, _repeat, _move, _splice]


class Seeds:
    """Good and odd files of datasets, with what is inside of compressed ones and archives.

    README.md is what is damaged where there is one, if it is to be `cards`, else what is beside it.
    """

    def __init__(self, datasets: Sequence[Files], *, cards: bool = False) -> None:
        self._cards = cards
        self.datasets = [files for files in datasets if files]
        self.contents = [content for files in self.datasets for content in files.values()]
        self._packs: dict[tuple[str, bytes], list[tuple[bytes, Pack]]] = {}

    def shuffled(self, number: int) -> list[Files]:
        """The files in an order of this number: hypothesis takes the first ones more often than others."""
        return random.Random(number).sample(self.datasets, len(self.datasets))

    def names(self, files: Files) -> list[str]:
        """Which of them may be damaged."""
        return sorted(name for name in files if (name == NAME) == self._cards) or sorted(files)

    def inside(self, name: str, data: bytes) -> list[tuple[bytes, Pack]]:
        """What is inside of a file, and how it gets there."""
        if (name, data) not in self._packs:
            try:
                self._packs[name, data] = inside_of(name, data)
            except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError):
                self._packs[name, data] = []  # some seeds are damaged already
        return self._packs[name, data]


@st.composite
def damaged(draw: st.DrawFn, seeds: Seeds, number: int) -> Files:
    """The files of one of the seeds, one of them damaged: as it is, or what is inside of it."""
    files = draw(st.sampled_from(seeds.shuffled(number)))
    name = draw(st.sampled_from(seeds.names(files)))
    data = files[name]
    pack: Pack | None = None
    if draw(st.booleans()) and (parts := seeds.inside(name, data)):
        data, pack = parts[draw(st.integers(0, len(parts) - 1))]
    edits = draw(st.sampled_from([_ALL, _IN_PLACE]))
    for _ in range(draw(st.integers(1, _MAX_EDITS))):
        data = draw(st.sampled_from(edits))(draw, data, seeds.contents)[:MAX_BYTES]
    if draw(st.booleans()):
        data = repaired(data)
    return {**files, name: pack(data) if pack is not None else data}
