"""Datasets that are broken on purpose, to show a helpful error."""

from pathlib import Path

from samples.generators.files import Generator, write_card, write_csv

_ROWS = [{"planet": "Mercury", "moons": 0}, {"planet": "Earth", "moons": 1}, {"planet": "Mars", "moons": 2}]


def broken_data_files(folder: Path) -> None:
    write_csv(folder / "planets.csv", _ROWS)
    write_card(
        folder,
        "Broken data files",
        "Broken on purpose: the card declares data_files that match no file of the repository.",
        configs=[{"config_name": "default", "data_files": "data/*.csv"}],
    )


def broken_config(folder: Path) -> None:
    write_csv(folder / "planets.csv", _ROWS)
    write_card(
        folder,
        "Broken config",
        "Broken on purpose: the files of the config moons are missing, the config planets is fine.",
        configs=[
            {"config_name": "planets", "data_files": "planets.csv"},
            {"config_name": "moons", "data_files": "moons.csv"},
        ],
    )


DATASETS: dict[str, Generator] = {
    "samples/broken-config": broken_config,
    "samples/broken-data-files": broken_data_files,
}
