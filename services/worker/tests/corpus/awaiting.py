"""Cases whose outcome is wrong today for a reason in a part of the reader that is being rebuilt; none is collected.

Each has the outcome that is right, and says what happens instead. When it is mended, it moves to the module of its
theme.
"""

from services.worker.tests.corpus.bombs import zip_of_zeros
from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.corpus.media import Kept
from services.worker.tests.corpus.videos import WEBM
from services.worker.tests.reader.edge_cases import README, card, lines

_ONE = Page({"a": "int64"}, [{"a": 1}])
_MEGABYTE = 1_000_000


CASES = [
    # CorruptDataError, and no row: Arrow refuses a number that JSON may hold, for the block as a whole.
    Case(
        "json-huge-float-after-good-rows",
        lambda: {"data.jsonl": b'{"a": 1.5}\n{"a": 1e400}\n'},
        only(Page({"a": "float64"}, [{"a": 1.5}], ends="data.jsonl")),
    ),
    # All configs fail: the library resolves the data_dir of each before it knows any.
    Case(
        "outside-folder",
        lambda: {
            README: card("configs:\n- config_name: c0\n  data_files: data.csv\n- config_name: c1\n  data_dir: /etc"),
            "data.csv": b"a\n1\n",
        },
        {"c0": {"train": _ONE}, "c1": Failure("DataFilesNotFoundError", "README.md", "relative to the root")},
    ),
    # The config y is read as CSV too, with one column and no row: the library has one format for all configs.
    Case(
        "configs-in-different-formats",
        lambda: {
            README: card("configs:\n- config_name: x\n  data_files: x.csv\n- config_name: y\n  data_files: y.jsonl"),
            "x.csv": b"a\n1\n",
            "y.jsonl": lines({"a": 1}),
        },
        {"x": {"train": _ONE}, "y": {"train": _ONE}},
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
