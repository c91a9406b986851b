"""One line of the tables that tell what an exception of a library becomes; see `errors`."""

import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import yaml
from datasets.table import CastError

from reader.blame import column_of, file_of
from reader.scrub import scrub

_MAX_FACT_CHARACTERS = 100
_SHOWN_COLUMNS = 5
_FORMAT = re.compile(r"NamedSplit\('([^']+)'\): \('?(\w+)")
# The block begins on the second line of README.md, and the parser counts from 0.
_LINES_BEFORE_YAML = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of exception, by its type and by what it `says`, a regular expression.

    In `message`, `{file}` stands for the data file that was being read, or `a_file` where that isn't known; other names
    are groups of `says`, or what `_facts` has. A rule for `listing` holds only while nothing but README.md is read, one
    with a `place` for what is raised in that module of a library, or by what it calls.
    """

    types: type[BaseException] | tuple[type[BaseException], ...]
    says: str | None
    code: str
    message: str
    a_file: str = "a data file"
    listing: bool = False
    place: str | None = None

    def fits(self, error: BaseException, *, listing: bool) -> bool:
        return (
            isinstance(error, self.types)
            and (listing or not self.listing)
            and (self.place is None or self.place in _places_of(error))
            and self._match(error) is not None
        )

    def write(self, error: BaseException, links: Sequence[BaseException]) -> str:
        """The message for the author: `links` are `error` and all that it hides or is hidden by."""
        match = self._match(error)
        facts = {**_facts(error, links), **(match.groupdict() if match else {})}
        text = self.message.format_map({name: _short(fact) for name, fact in {"file": self.a_file, **facts}.items()})
        return text[:1].upper() + text[1:] if text.startswith(self.a_file) else text

    def _match(self, error: BaseException) -> re.Match[str] | None:
        return re.search(self.says or "", str(error), re.DOTALL)


def _places_of(error: BaseException) -> list[str]:
    """The innermost modules, and the packages that they are in."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [place for module in modules[-2:] for place in accumulate(module.split("."), "{}.{}".format)]


def _short(fact: str) -> str:
    fact = scrub(fact)
    return fact if len(fact) <= _MAX_FACT_CHARACTERS else f"{fact[: _MAX_FACT_CHARACTERS - 1]}…"


def _facts(error: BaseException, links: Sequence[BaseException]) -> dict[str, str]:
    facts = {"line": "in an unknown line", "formats": "", "differences": "", "column": "a column"}
    if (file := file_of(links)) is not None:
        facts["file"] = file
    if (column := column_of(links)) is not None:
        facts["column"] = f"the column '{column}'"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        facts["line"] = f"line {mark.line + _LINES_BEFORE_YAML}, column {mark.column + 1}"
    if formats := _FORMAT.findall(str(error)):
        facts["formats"] = ", ".join(f"{split}: {kind}" for split, kind in formats)
    if isinstance(error, CastError):
        facts["differences"] = _differences(error)
    return facts


def _differences(error: CastError) -> str:
    found, wanted = error.table_column_names, error.requested_column_names
    parts = []
    if more := [name for name in found if name not in wanted]:
        parts.append(f"there is also {_listed(more)}")
    if less := [name for name in wanted if name not in found]:
        parts.append(f"{_listed(less)} is missing")
    return " and ".join(parts)


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN_COLUMNS])
    return shown if len(names) <= _SHOWN_COLUMNS else f"{shown} and {len(names) - _SHOWN_COLUMNS} more"
