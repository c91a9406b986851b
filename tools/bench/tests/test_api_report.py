"""What `bench api` makes of its figures."""

from bench.api.cases import Case
from bench.api.load import Load
from bench.api.measuring import Bare, Cell, Run
from bench.api.report import aims, kept_table, read_table
from bench.api.residence import Residence

SMALL, LARGE = Case("small", b"", of_memory=0.5, of_pairs=0.7), Case("large", b"", of_memory=0.8)
RESIDENCE = Residence(200_000, 100_000_000, 104_000_000)


def load(rate: float, p99: float = 0.002, client_cpu: float = 0.5) -> Load:
    return Load(rate, 0.001, p99, client_cpu)


def cell(case: Case, connections: int, kept: Load, read: Load, bare: Bare | None) -> Cell:
    return Cell(case, 1, connections, 12_340, [Run(kept, load(1000), read, bare)])


def test_a_line_has_both_sides_and_their_ratio() -> None:
    cells = [cell(SMALL, 16, load(600), load(400, client_cpu=0.95), Bare(1600, 800))]
    of_kept = [*("small", "12.3", "1", "16"), *("600", "1.00", "2.00", "50%"), *("1000", "1.00", "2.00", "50%"), "0.60"]
    of_read = [*("small", "12.3", "1", "16"), *("400", "1.00", "2.00", "95%"), *("1600", "800", "0.25", "0.50")]
    assert kept_table(cells).splitlines()[1].split() == of_kept
    assert read_table(cells).splitlines()[1].split() == [*of_read, "client-bound"]


def test_shares_are_of_runs_on_a_machine_that_is_slow_at_times() -> None:
    runs = [
        Run(load(600), load(1000), load(400), Bare(1600, 800)),
        Run(load(300), load(500), load(100), Bare(400, 200)),
        Run(load(120), load(200), load(300), Bare(1200, 600)),
    ]
    cells = [Cell(SMALL, 1, 16, 12_340, runs)]
    kept, read = kept_table(cells).splitlines()[1].split(), read_table(cells).splitlines()[1].split()
    assert (kept[4], kept[8], kept[-1]) == ("300", "500", "0.60")
    assert (read[4], read[-4:]) == ("300", ["1200", "600", "0.25", "0.50"])


def test_what_is_not_one_document_has_no_bare_reads() -> None:
    line = read_table([cell(LARGE, 1, load(1), load(1), None)]).splitlines()[1]
    assert line.split()[-4:] == ["-"] * 4


def test_each_aim_is_measured_where_it_is_farthest() -> None:
    cells = [
        cell(SMALL, 1, load(600, p99=0.05), load(400), Bare(900, 500)),
        cell(SMALL, 64, load(400), load(300, p99=0.012), Bare(900, 500)),
        cell(LARGE, 64, load(900, p99=0.004), load(100), Bare(900, 500)),
    ]
    found = [(aim.what, round(aim.measured, 2), aim.is_met) for aim in aims(cells, RESIDENCE)]
    assert found == [
        ("kept, of memory, least: small, 1 processes, 64 connections", 0.4, False),
        ("kept, of memory, least: large, 1 processes, 64 connections", 0.9, True),
        ("read, of pairs, least: small, 1 processes, 64 connections", 0.6, False),
        ("kept, p99 of p50, most: large, 1 processes, 64 connections", 4, True),
        ("read, p99 of p50, most: small, 1 processes, 64 connections", 12, False),
        ("growth of memory over 200,000 requests", 0.04, True),
    ]
