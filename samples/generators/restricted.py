"""Datasets that not everybody may see, and the local Hub's file that says so."""

from pathlib import Path

from datasets import Features, Image, Value

from samples.generators.drawing import draw, encode
from samples.generators.files import Generator, write_card, write_csv, write_parquet, write_text

ACCESS = """\
# Who may see what on the local Hub; a dataset that is not named here is public.
datasets:
  acme/private-notes: {private: true}
  acme/gated-survey: {gated: auto}
"""


def private_notes(folder: Path) -> None:
    features = Features({"note": Value("string"), "author": Value("string"), "sketch": Image()})
    notes = [
        ("Move the launch to Thursday.", "mika", "circle"),
        ("The prototype gets warm after an hour.", "jo", "triangle"),
        ("Ask legal about the new name.", "mika", None),
        ("Budget approved.", "sam", "square"),
    ]
    rows = [
        {
            "note": note,
            "author": author,
            "sketch": {"bytes": encode(draw(shape, "blue"), "png"), "path": None} if shape else None,
        }
        for note, author, shape in notes
    ]
    write_card(
        folder,
        "Private notes",
        "A private dataset with pictures: only who may read it on the Hub sees rows and assets.",
    )
    write_parquet(folder / "data" / "train-00000-of-00001.parquet", rows, features)


def gated_survey(folder: Path) -> None:
    answers = ["never", "sometimes", "often", "always"]
    rows = [
        {"respondent": number, "age": 18 + 7 * number % 60, "works_from_home": answers[number * 5 % 4]}
        for number in range(1, 13)
    ]
    write_card(folder, "Gated survey", "A gated dataset: listed for everybody, readable for who was given access.")
    write_csv(folder / "survey.csv", rows)


def write_access(path: Path) -> None:
    """Write the access file of the local Hub (`tools/hub`)."""
    write_text(path, ACCESS)


DATASETS: dict[str, Generator] = {"acme/gated-survey": gated_survey, "acme/private-notes": private_notes}
