"""Generate the sample datasets: `python samples/build.py [OUTPUT_DIRECTORY]`.

Without an argument `samples/datasets` is replaced; with one, that directory must be absent or empty. Nothing is written
there before everything is generated. The locked versions of the libraries give the same bytes each time.
"""

import argparse
import shutil
import sys
from pathlib import Path

# Imports start at the repository: next to this file, the directory `datasets` bears the name of the library.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from samples.generators import broken, media, restricted, tables, texts, values

COMMITTED = Path(__file__).parent / "datasets"
DATASETS = tables.DATASETS | texts.DATASETS | values.DATASETS | media.DATASETS | restricted.DATASETS | broken.DATASETS


def build(output: Path) -> None:
    """Generate all datasets and the access file into `output`, which is replaced."""
    staging = output.with_name(f".{output.name}.building")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        for name, generate in DATASETS.items():
            generate(staging / name)
        restricted.write_access(staging / "hub.yaml")
        if output.exists():
            shutil.rmtree(output)
        staging.rename(output)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Generate the sample datasets.")
    parser.add_argument("output", metavar="OUTPUT_DIRECTORY", nargs="?", type=Path, default=COMMITTED)
    output: Path = parser.parse_args().output.absolute()
    if output != COMMITTED.absolute() and output.exists() and (not output.is_dir() or any(output.iterdir())):
        sys.exit(f"{output} exists and is not an empty directory: name another one, or remove it first")
    build(output)
    print(f"{len(DATASETS)} datasets in {output}")


if __name__ == "__main__":
    main()
