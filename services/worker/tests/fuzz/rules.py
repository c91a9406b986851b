"""What holds for every page and every error, whatever the data is."""

import json
import re
from pathlib import Path
from typing import Any, NoReturn

import datasets
from libcommon.errors import CodedError
from reader.limits import Limits
from reader.page import Page

from services.worker.tests.corpus.checking import sources_of
from services.worker.tests.fuzz.verdict import Trouble

ASSET_URL = "/assets/fuzz"
# A path of this machine, or a piece of Python; what quotes the data may have other such things.
_SECRETS = re.compile(r"[/]tmp/|site-packages|Traceback| at 0x[0-9a-f]{8}|hub\.invalid")
_STAGED = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{3,4}")
_LIMITS = Limits()


def check_error(error: CodedError) -> None:
    """Raises Trouble where a message is none, or tells what is nobody's business."""
    _check(error.message.endswith((".", "?")), "a message is no sentence", error.message)
    body = json.dumps(error.body(), ensure_ascii=False)
    _check(_SECRETS.search(body) is None, "an error tells of this machine", body)


def check_page(page: Page, staging: Path) -> None:
    """Raises Trouble where the page is not one of the contract."""
    body = _parsed(page.body)
    _check(len(page.body) <= _LIMITS.rows_max_bytes, "a page is too long", len(page.body))
    _check_slices(page, body)
    _check_columns(body["features"])
    _check_rows(body)
    reason = body.get("truncated_reason")
    _check(body["truncated"] == (reason is not None) == page.partial, "truncated without a reason", reason)
    _check(reason is None or not _SECRETS.search(reason), "a reason tells of this machine", reason)
    staged = {file.name for file in staging.iterdir()}
    _check(staged == page.files, "other files than a page names", staged ^ page.files)
    _check(all(map(_STAGED.fullmatch, staged)), "a name of a file", staged)
    named = {source.rpartition("/")[2] for row in body["rows"] for source in sources_of(row["row"])}
    _check(page.files <= named, "files that no cell names", page.files - named)


def _check_slices(page: Page, body: dict[str, Any]) -> None:
    begin, end = page.features_span
    _check(_parsed(page.body[begin:end]) == body["features"], "features_span", page.features_span)
    offsets = page.row_offsets
    _check(len(offsets) == len(body["rows"]) + 1, "row_offsets", len(offsets))
    for row, first, following in zip(body["rows"], offsets, offsets[1:], strict=False):
        _check(_parsed(page.body[first : following - 1]) == row, "row_offsets", row)
    for last in page.asset_ends:
        _check(page.body.rfind(ASSET_URL.encode(), 0, last) >= last - len(ASSET_URL) - 40, "asset_ends", last)


def _check_columns(columns: list[dict[str, Any]]) -> None:
    _check(len(columns) <= _LIMITS.max_columns, "too many columns", len(columns))
    _check([column["feature_idx"] for column in columns] == list(range(len(columns))), "feature_idx", columns)
    names = [column["name"] for column in columns]
    _check(len(set(names)) == len(names), "a column twice", names)
    # Raises where the library doesn't read them.
    datasets.Features.from_dict({column["name"]: column["type"] for column in columns})


def _check_rows(body: dict[str, Any]) -> None:
    names = [column["name"] for column in body["features"]]
    _check(len(body["rows"]) <= _LIMITS.rows_max_number, "too many rows", len(body["rows"]))
    for index, row in enumerate(body["rows"]):
        _check(row["row_idx"] == index, "row_idx", row["row_idx"])
        _check(list(row["row"]) == names, "other columns in a row", row)
        _check(set(row["truncated_cells"]) <= set(names), "truncated_cells", row)
        for name, message in row.get("cell_errors", {}).items():
            _check(name in names and bool(message), "cell_errors", row)
            _check(_SECRETS.search(message) is None, "the error of a cell tells of this machine", message)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text.decode(), parse_constant=_no_json, object_pairs_hook=_object)
    except ValueError as error:
        raise Trouble(f"a page is not JSON: {error}", "a page is not JSON") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    _check(len(found) == len(pairs), "a name twice in an object", pairs)
    return found


def _no_json(constant: str) -> NoReturn:
    raise ValueError(constant)


def _check(holds: bool, rule: str, found: object) -> None:
    if not holds:
        raise Trouble(f"{rule}: {str(found)[:1_000]}", rule)
