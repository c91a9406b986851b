"""What is told of a pattern without a search is what the search tells."""

import re

import pytest
from datasets.data_files import ALL_DEFAULT_PATTERNS
from fsspec.utils import glob_translate
from hypothesis import given
from hypothesis import strategies as st
from reader.patterns import may_match

_PARTS = ["train", "test", "data", "a b", "x.csv", "-00001-of-00002", "[1]", "é", "."]
_PATHS = st.lists(st.lists(st.sampled_from(_PARTS), min_size=1, max_size=3).map("/".join), min_size=1, max_size=4)
_PATTERNS = st.lists(
    st.sampled_from([*_PARTS, "*", "**", "/", "**/", "?", "[ab]", "[!x]", "[0-9]"]), min_size=1, max_size=5
).map("".join)


def _found(pattern: str, paths: list[str]) -> bool:
    expression = re.compile(glob_translate(pattern))
    return any(expression.match(path) for path in paths)


@given(_PATTERNS, _PATHS)
def test_what_a_search_finds_may_be_there(pattern: str, paths: list[str]) -> None:
    try:
        found = _found(pattern, paths)
    except ValueError:  # `**` beside a name
        return
    assert may_match(pattern, paths) or not found


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/train-*", "train-1.csv"),
        ("**/[test]*/**", "data/test/1.csv"),
        ("./data.csv", "data.csv"),
        ("data//x.csv", "data/x.csv"),
        ("*", "x.csv"),
    ],
)
def test_a_wildcard_may_stand_for_nothing(pattern: str, path: str) -> None:
    assert may_match(pattern, [path])


def test_most_of_the_usual_patterns_need_no_search() -> None:
    patterns = [pattern for group in ALL_DEFAULT_PATTERNS for patterns in group.values() for pattern in patterns]
    searched = [pattern for pattern in patterns if may_match(pattern, ["data/2024.csv", "README.md"])]
    assert len(searched) < len(patterns) / 4
