"""How large a page may be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows, bytes of the whole uncompressed body, and columns of a page; see the contract's "Truncation"."""

    rows_max_number: int = 100
    rows_max_bytes: int = 1_000_000
    rows_min_number: int = 10
    min_cell_bytes: int = 100
    max_columns: int = 1_000
