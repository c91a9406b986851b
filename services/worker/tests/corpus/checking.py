"""Whether an answer is the one that is expected."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.worker.tests.corpus.case import Failure, Page

# A path of this machine, an address, a token, or a piece of a traceback.
_SECRETS = re.compile(
    r"/(tmp|root|home|usr|var)/|127\.0\.0\.1|localhost|hf_\w+|Traceback|\.py\b.*line \d|0x[0-9a-f]{6}"
)
_ASSETS = "/assets/"


def check_failure(code: str | None, body: dict[str, Any], expected: Failure) -> None:
    """Raises AssertionError when the error is another one, or tells too little or too much."""
    assert code == expected.code, (code, body)
    for part in expected.names:
        assert part in body["error"], (part, body)
    assert body["error"].endswith((".", "?")), body
    assert not (found := _SECRETS.search(json.dumps(body))), (found, body)


def check_page(body: dict[str, Any], expected: Page, assets: Path) -> None:
    """Raises AssertionError when the page is another one."""
    types = {feature["name"]: feature["type"] for feature in body["features"]}
    assert types == {name: _serialised(kind) for name, kind in expected.types.items()}
    assert list(types) == list(expected.types), "columns in another order"
    assert [feature["feature_idx"] for feature in body["features"]] == list(range(len(types)))
    rows = body["rows"]
    assert len(rows) == (len(expected.rows) if expected.number is None else expected.number)
    assert [row["row_idx"] for row in rows] == list(range(len(rows)))
    for row, wanted in zip(rows, expected.rows, strict=False):
        _check_value(row["row"], wanted, assets, f"row {row['row_idx']}")
    assert {row["row_idx"]: row["truncated_cells"] for row in rows if row["truncated_cells"]} == {
        index: list(columns) for index, columns in expected.cut.items()
    }
    _check_errors(rows, expected)
    assert body["truncated"] == (expected.ends is not None), body.get("truncated_reason")
    assert (expected.ends or "") in body.get("truncated_reason", ""), body["truncated_reason"]
    assert body.get("columns_truncated", False) == expected.columns_truncated
    assert not (found := _SECRETS.search(body.get("truncated_reason", ""))), found


def sources_of(value: Any) -> Iterator[str]:
    """The URLs of assets in JSON."""
    if isinstance(value, dict):
        if isinstance(source := value.get("src"), str) and source.startswith(_ASSETS):
            yield source
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from sources_of(item)


def _serialised(kind: object) -> object:
    return {"dtype": kind, "_type": "Value"} if isinstance(kind, str) else kind


def _check_errors(rows: list[dict[str, Any]], expected: Page) -> None:
    errors = {row["row_idx"]: row["cell_errors"] for row in rows if "cell_errors" in row}
    assert {index: set(found) for index, found in errors.items()} == {
        index: set(wanted) for index, wanted in expected.errors.items()
    }, errors
    for index, wanted in expected.errors.items():
        for column, part in wanted.items():
            assert part in errors[index][column], errors[index][column]
            assert not (found := _SECRETS.search(errors[index][column])), found


def _check_value(value: Any, wanted: Any, assets: Path, where: str) -> None:
    if wanted is ...:
        return
    if hasattr(wanted, "check"):
        assert value.startswith(_ASSETS), (where, value)
        wanted.check(assets / value.removeprefix(_ASSETS))
    elif isinstance(wanted, dict):
        assert list(value) == list(wanted), (where, value)
        for name, part in wanted.items():
            _check_value(value[name], part, assets, f"{where}, {name}")
    elif isinstance(wanted, list) and isinstance(value, list):
        assert len(value) == len(wanted), (where, value)
        for index, (item, part) in enumerate(zip(value, wanted, strict=True)):
            _check_value(item, part, assets, f"{where}[{index}]")
    else:
        # True is not 1 here, and 1.0 not 1: JSON tells them apart.
        assert (type(value), value) == (type(wanted), wanted), where
