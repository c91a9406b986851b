"""Cases whose outcome is wrong today for a reason in a part of the reader that is being rebuilt; none is collected.

Each has the outcome that is right, and says what happens instead. When it is mended, it moves to the module of its
theme.
"""

from services.worker.tests.corpus.bombs import zip_of_zeros
from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.corpus.media import Kept
from services.worker.tests.corpus.videos import WEBM

_MEGABYTE = 1_000_000


CASES = [
    # CorruptDataError, and no row: Arrow refuses a number that JSON may hold, for the block as a whole.
    Case(
        "json-huge-float-after-good-rows",
        lambda: {"data.jsonl": b'{"a": 1.5}\n{"a": 1e400}\n'},
        only(Page({"a": "float64"}, [{"a": 1.5}], ends="data.jsonl")),
    ),
    # Read as a sound, which it isn't, for the library takes `.webm` for one.
    Case(
        "video-webm-file",
        lambda: {"x.webm": WEBM},
        only(Page({"video": {"_type": "Video"}}, [{"video": {"src": Kept(WEBM, ".webm")}}])),
    ),
    # JobOutOfMemoryError, a fault of the server, after two attempts: no limit stands before that of the memory.
    Case(
        "bomb-zip",
        lambda: {"data.zip": zip_of_zeros("data.csv", 1_000)},
        only(Failure("CorruptDataError", "data.zip")),
        long=True,
    ),
    # JobManagerExceededMaximumDurationError; `csv-five-thousand-columns` takes 8 s of the CPU too: `stream` makes a
    # schema for each row.
    Case(
        "bomb-csv-of-a-million-columns",
        lambda: {"data.csv": b",".join(b"%d" % n for n in range(_MEGABYTE)) + b"\n" + b"," * (_MEGABYTE - 1) + b"\n"},
        only(Page({str(n): "null" for n in range(1_000)}, [], number=1, columns_truncated=True)),
        long=True,
    ),
]
