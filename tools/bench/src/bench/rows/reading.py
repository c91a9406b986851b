"""`python -m bench.rows.reading DATASET ROWS`: config names, split names and the first rows, as the library gives them.

Prints the seconds of that, imports left out, and the process's most resident memory in bytes, as JSON.
"""

import itertools
import json
import os
import re
import sys
import time
from pathlib import Path

import datasets
import PIL.Image

# The library would look for a service beside the Hub that has none.
datasets.config.USE_PARQUET_EXPORT = False
# What decoding imports at the first image.
PIL.Image.init()


def main(dataset: str, rows: int) -> None:
    """Reads and prints."""
    begun = time.perf_counter()
    config = datasets.get_dataset_config_names(dataset)[0]
    split = datasets.get_dataset_split_names(dataset, config)[0]
    stream = datasets.load_dataset(dataset, config, split=split, streaming=True)
    read = sum(1 for _ in itertools.islice(stream, rows))
    seconds = time.perf_counter() - begun
    if read != rows:
        sys.exit(f"{dataset} has {read} rows")
    print(json.dumps({"seconds": seconds, "peak_bytes": _peak_bytes()}), flush=True)
    # Arrow's threads may still read ahead, through Python: at its regular end each would wait for the other for ever.
    os._exit(0)


def _peak_bytes() -> int:
    # Not `ru_maxrss`: it begins with the memory of the process that started this one.
    status = Path("/proc/self/status").read_text()
    [kilobytes] = re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) * 1024


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
