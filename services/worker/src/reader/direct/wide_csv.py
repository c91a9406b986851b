"""CSV with thousands of columns, which take the library minutes, and of which a page shows the first."""

import csv
from dataclasses import fields
from typing import Any

# With any other parameter, a line of the file need not be the line of the columns' names.
_HARMLESS = {"name", "version", "description", "data_dir", "data_files", "sep", "delimiter", "encoding"}


def leave_out_columns(config: Any, head: bytes, most: int) -> None:
    """Has the `datasets` config of a CSV file pass over the columns beyond `most` and one, which tells that there are
    more. `head` is the beginning of the file.
    """
    if any(getattr(config, field.name) != field.default for field in fields(config) if field.name not in _HARMLESS):
        return
    line, _, _ = head.partition(b"\n")
    if len(config.sep) != 1 or line.count(config.sep.encode()) <= most:
        return
    try:
        names = next(csv.reader([line.decode(config.encoding or "utf-8")], delimiter=config.sep))
    except (UnicodeDecodeError, csv.Error):
        return  # the library says what is wrong with it
    if len(names) > most:
        config.usecols = list(range(most + 1))
