"""Parts of files are kept, and only what is missing is asked for."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from reader.ranges import Range, RangeStore, join

FILE = bytes(range(200))
SPANS = (
    st.tuples(st.integers(0, 200), st.integers(0, 200)).map(sorted).map(tuple).filter(lambda span: span[0] < span[1])
)


@given(st.lists(SPANS, max_size=12), SPANS)
def test_the_gaps_and_what_is_kept_make_the_part_and_nothing_is_fetched_twice(parts: list[Range], last: Range) -> None:
    with TemporaryDirectory() as directory:
        store = RangeStore(Path(directory), 10_000)
        fetched: list[int] = []
        for part in [*parts, last]:
            for begin, end in store.gaps("a", part):
                assert store.put("a", begin, FILE[begin:end])
                fetched += range(begin, end)
            assert store.get("a", part) == FILE[slice(*part)]
            assert store.gaps("a", part) == []
        assert len(fetched) == len(set(fetched))
        assert store.gaps("b", last) == [last]
        store.close()


def test_no_more_is_kept_than_allowed(tmp_path: Path) -> None:
    store = RangeStore(tmp_path, 10)
    assert store.put("a", 0, b"123456")
    assert not store.put("b", 0, b"12345")
    assert store.put("b", 0, b"1234")
    assert store.gaps("a", (0, 8)) == [(6, 8)]
    store.close()


@given(st.lists(SPANS, max_size=12), st.integers(0, 20), st.integers(1, 100))
def test_ranges_close_to_each_other_are_joined_up_to_a_size(spans: list[Range], gap: int, max_bytes: int) -> None:
    joined = join(spans, gap=gap, max_bytes=max_bytes)
    assert {byte for span in spans for byte in range(*span)} <= {byte for span in joined for byte in range(*span)}
    longest = max((end - begin for begin, end in spans), default=0)
    assert all(end - begin <= max(max_bytes, longest) for begin, end in joined)
