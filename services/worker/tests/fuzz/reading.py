"""A dataset of any content is listed and read, and what comes of it keeps the contract."""

import io
import json
import shutil
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from libcommon.errors import CodedError, Fault
from reader.card import NAME
from reader.content import signature_of
from reader.limits import Limits
from reader.listing import Listing, list_splits
from reader.media import decode
from reader.opening import DIRECT, open_split
from reader.page import Page
from reader.plan import Plan
from reader.rows import read_split
from reader.stream import open_by_library

from services.worker.tests.corpus.case import Files
from services.worker.tests.fuzz.hub_inside import DATASET, ENDPOINT, Hub
from services.worker.tests.fuzz.rules import ASSET_URL, check_error, check_page
from services.worker.tests.fuzz.verdict import Trouble

# What is split into more is the same code again.
_MAX_SPLITS = 4
_GIVEN_UP = "could not be read"
_MAX_SIZE_FALLBACK = 10_000_000


class Reading:
    """Reads one dataset after another; the media of a page go to a new folder of `staging`."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging
        self._hub = Hub()
        self._hub.install()
        self._files: Files = {}

    def check(self, files: Files) -> str:
        """What came of it, in a word.

        Raises:
            Trouble: something that must not.
        """
        self._hub.serve(files)
        self._files = files
        outcome = self._read(files)
        if self._hub.strange:
            raise Trouble(f"asks for {self._hub.strange[0]}", "asks another host")
        return outcome

    def _read(self, files: Files) -> str:
        seen = self._hub.observation()
        readme = files.get(NAME)
        signature_of(seen, readme)
        try:
            listing, snapshot = list_splits(DATASET, seen, readme, endpoint=ENDPOINT, token=None)
        except CodedError as error:
            return _coded(error)
        for failed in listing.failed:
            _coded(failed.error)
        sizes = dict(snapshot.sizes) if snapshot is not None else None
        outcomes = [self._compare(split.config, split.split, sizes, listing) for split in listing.splits[:_MAX_SPLITS]]
        return outcomes[0] if outcomes else "no split"

    def _compare(self, config: str, split: str, sizes: dict[str, int] | None, listing: Listing) -> str:
        plan = listing.plans.get(config)
        directly = self._page(config, split, sizes, plan, by_library=False)
        outcome = directly if isinstance(directly, str) else "page"
        if plan is None or not _is_known_by_library(plan, listing, outcome):
            return outcome
        # With a card, a plan may be what is wrong.
        by_library = self._page(config, split, sizes, None if self._hub.has(NAME) else plan, by_library=True)
        # It says nothing about rows that are missing in a damaged file.
        if isinstance(by_library, str) or _num_rows(by_library) >= self._promised_rows(plan, split):
            _check_equal(directly, by_library)
        return outcome

    def _promised_rows(self, plan: Plan, split: str) -> int:
        """How many rows the page of a split of Parquet files has, by their footers; 0 where they don't tell."""
        paths = plan["splits"][split]["files"]
        if not all(path.endswith(".parquet") for path in paths):
            return 0
        with suppress(pa.ArrowException, OSError):
            return min(sum(_promised_by(self._files[path]) for path in paths), Limits().rows_max_number)
        return 0

    def _page(
        self, config: str, split: str, sizes: dict[str, int] | None, plan: Plan | None, *, by_library: bool
    ) -> Page | str:
        shutil.rmtree(self._staging, ignore_errors=True)
        self._staging.mkdir()
        try:
            page = read_split(
                DATASET,
                config,
                split,
                self._hub.revision,
                endpoint=ENDPOINT,
                token=None,
                limits=Limits(),
                asset_url=ASSET_URL,
                staging=self._staging,
                decode=partial(decode, staging=self._staging),
                max_size_fallback=_MAX_SIZE_FALLBACK,
                sizes=sizes,
                plan=plan,
                opener=open_by_library if by_library else open_split,
            )
        except CodedError as error:
            return error.code if by_library else _coded(error)
        check_page(page, self._staging)
        return page


def _is_known_by_library(plan: Plan, listing: Listing, outcome: str) -> bool:
    """Whether the library reads a config as we do, and lives. Of configs of several formats it knows only the first
    one's; it dies over some JSON that is refused directly.
    """
    module = plan["module"].rpartition(".")[2]
    one_format = len({each["module"] for each in listing.plans.values()}) == 1
    return module in DIRECT and one_format and (module, outcome) != ("json", "CorruptDataError")


def _promised_by(file: bytes) -> int:
    footer = pq.read_metadata(io.BytesIO(file))
    of_groups = sum(footer.row_group(group).num_rows for group in range(footer.num_row_groups))
    return max(int(footer.num_rows), int(of_groups))


def _num_rows(page: Page) -> int:
    return len(page.row_offsets) - 1


def _coded(error: CodedError) -> str:
    check_error(error)
    if error.entry.fault is not Fault.DATA:
        kind = f"{error.code} {error.cause_exception} {place_of(error)}"
        raise Trouble(f"{error.code}: {error.cause_exception}: {error.cause_message}", kind) from error
    return error.code


def _check_equal(directly: Page | str, by_library: Page | str) -> None:
    """As `test_direct_readers` compares them: the library doesn't tell the columns of a file of no rows."""
    if isinstance(by_library, str):
        return
    if isinstance(directly, str):
        raise Trouble(f"{directly} directly, and by the library {by_library.body[:2_000]!r}", f"{directly} directly")
    if _num_rows(by_library) and not _is_as_long(directly, by_library):
        raise Trouble(f"directly {directly.body[:2_000]!r}\nby the library {by_library.body[:2_000]!r}", "differs")


def _is_as_long(directly: Page, by_library: Page) -> bool:
    """Whether it is the same page, or goes on where the library gives up."""
    if directly.body == by_library.body:
        return True
    ours, theirs = json.loads(directly.body), json.loads(by_library.body)
    rows = theirs["rows"]
    if _GIVEN_UP not in theirs.get("truncated_reason", ""):
        return False
    return bool(ours["features"] == theirs["features"] and ours["rows"][: len(rows)] == rows)


def place_of(error: BaseException) -> str:
    """Where an exception, or the one that it came from, was raised."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else ""
