"""What `bench rows` makes of its figures."""

from bench.local_hub import Traffic
from bench.rows.catalogue import Kind
from bench.rows.cost import Cell, Cost
from bench.rows.report import aims, latency_table

LIBRARY = Cost(seconds=10, requests=20, bytes=300e6, peak_bytes=400e6)
KINDS = {"plain": Kind.OTHER, "one": Kind.ONE_ROW_GROUP, "many": Kind.ROW_GROUPS}


def test_a_median_is_that_of_each_figure_by_itself() -> None:
    costs = [Cost(1, 30, 5, 7), Cost(2, 10, 4, 9), Cost(9, 20, 6, 8)]
    assert Cost.median(costs) == Cost(2, 20, 5, 8)


def test_traffic_is_the_difference_of_two_looks() -> None:
    assert Traffic(12, 500) - Traffic(10, 100) == Traffic(2, 400)


def test_a_line_has_both_sides_and_their_ratio() -> None:
    cells = [Cell("plain", 0, Cost(5, 5, 3e6, 200e6), LIBRARY)]
    assert latency_table(cells).splitlines()[1].split() == [
        *("plain", "5.00", "10.00", "0.50"),
        *("5.0", "20.0", "0.25"),
        *("3.00", "300.00", "0.010"),
        *("200", "400", "0.50"),
    ]


def test_each_aim_is_measured_where_it_is_farthest() -> None:
    cells = [
        Cell("plain", 0, Cost(9, 11, 300e6, 250e6), LIBRARY),
        Cell("plain", 100, Cost(11, 5, 300e6, 310e6), LIBRARY),
        Cell("one", 0, Cost(1, 1, 15e6, 1), LIBRARY),
        Cell("one", 100, Cost(3, 1, 15e6, 1), LIBRARY),
        Cell("many", 0, Cost(4, 1, 30e6, 1), LIBRARY),
    ]
    found = [(aim.what, round(aim.measured, 2), round(aim.aim, 3), aim.is_met) for aim in aims(cells, KINDS)]
    assert found == [
        ("time, most: plain, 100 ms", 1.1, 1, False),
        ("time, one row group, most: one, 100 ms", 0.3, 0.2, False),
        ("time, other large Parquet, most: many, 0 ms", 0.4, 0.5, True),
        ("bytes, large Parquet, most: many, 0 ms", 0.1, 0.067, False),
        ("requests, most: plain, 0 ms", 0.55, 0.5, False),
        ("peak MB, most: plain, 100 ms", 310, 300, False),
    ]


def test_what_was_not_measured_has_no_aim() -> None:
    found = aims([Cell("plain", 0, Cost(9, 1, 1, 1), LIBRARY)], KINDS)
    assert [aim.what.partition(",")[0] for aim in found] == ["time", "requests", "peak MB"]
