"""Media in rows: kept or converted, at any depth, and never fetched from outside of the dataset."""

from pathlib import Path
from typing import Any

from hub.testing import RunningHub, eventually

from services.worker.tests.corpus.case import Case
from services.worker.tests.corpus.contents import paths_of, zipped
from services.worker.tests.reader.edge_cases import declaring, picture


def test_pictures_are_kept_or_converted_and_damaged_ones_are_null_with_an_error(reader: Any) -> None:
    page = reader.read("edge/images")
    png, damaged, bmp, lying, svg, tiff = page.column("image")
    assert (png["width"], png["height"]) == (4, 3)
    assert (lying["width"], lying["height"]) == (2, 6)
    assert lying["src"].endswith(".jpg")
    assert all(picture["src"].endswith(".png") for picture in (png, bmp, tiff))
    assert (damaged, svg) == (None, None)
    assert [error is None for error in page.errors("image")] == [True, False, True, True, False, True]
    assert page.errors("image")[1] == "2.png: not an image of a known format"


def test_odd_file_names_are_read(reader: Any) -> None:
    page = reader.read("edge/images-oddly-named")
    assert page.errors("image") == [None] * 3
    assert len(page.files) == 1


def test_members_of_zip_and_tar_archives_are_read(reader: Any) -> None:
    assert len(reader.read("edge/images-zipped").files) == 2
    page = reader.read("edge/images-tarred")
    assert page.column("txt") == ["red", "blue"]
    assert len(page.files) == 2


def test_sounds_are_kept_or_converted(reader: Any) -> None:
    page = reader.read("edge/sounds")
    types = [cell and cell[0]["type"] for cell in page.column("audio")]
    assert types == ["audio/wav", "audio/flac", "audio/ogg", "audio/mpeg", "audio/wav", None]
    assert page.errors("audio")[5] == "6.wav: not a sound of a known format, or a damaged one"


def test_videos_are_kept_when_their_bytes_say_so(reader: Any) -> None:
    page = reader.read("edge/videos")
    assert [cell and cell["src"][-4:] for cell in page.column("video")] == [".mp4", None]
    assert "convert it" in str(page.errors("video")[1])


def test_documents_have_their_size_and_a_picture_of_their_first_page(reader: Any) -> None:
    page = reader.read("edge/documents")
    empty, page_of_html, drawn = page.column("pdf")
    assert (empty["size_bytes"], empty["thumbnail"], page_of_html) == (15, None, None)
    assert drawn["thumbnail"].pop("src").endswith(".png")
    assert drawn["thumbnail"] == {"height": 256, "width": 512}
    assert (len(page.files), len(page.asset_ends)) == (3, 3)
    assert page.files == sorted(file.name for file in page.staging.iterdir())


def test_paths_in_cells_lead_nowhere_but_into_the_dataset_at_its_revision(reader: Any) -> None:
    page = reader.read("edge/image-paths")
    assert page.column("image") == [None] * 5
    *outside, missing = page.errors("image")
    assert all("not in the dataset" in str(error) for error in outside)
    assert missing is None
    assert page.files == []


def test_media_inside_lists_and_structs_are_found_and_their_names_come_from_their_content(reader: Any) -> None:
    page = reader.read("edge/images-inside")
    ((first, second),) = page.column("nested")
    (name,) = page.files
    assert first["picture"] == {"src": f"/assets/prefix/{name}", "height": 3, "width": 4}
    assert second == {"picture": None}
    assert len(page.asset_ends) == 1
    assert page.body[: page.asset_ends[0]].endswith(f'"src":"/assets/prefix/{name}'.encode())


def test_files_of_rows_that_are_not_shown_are_not_left_behind(reader: Any) -> None:
    page = reader.read("samples/labelled-shapes", limits={"rows_max_bytes": 700, "rows_min_number": 1})
    assert 0 < len(page.json["rows"]) < 12
    assert sorted(file.name for file in page.staging.iterdir()) == page.files
    assert len(page.files) == len(page.json["rows"])


def test_files_of_the_dataset_are_known_by_the_addresses_that_authors_copy(
    reader: Any, hub: RunningHub, datasets_directory: Path
) -> None:
    name = "hf://datasets/corpus/addresses"
    web = f"{hub.endpoint}/datasets/corpus/addresses"
    known = [f"{web}/resolve/main/img/1%20a.png?download=true", f"{web}/blob/main/img/1%20a.png", f"{name}/img/1 a.png"]
    member = f"zip://2.png::{name}@main/m.zip"
    missing = [f"{name}/img/*.png", f"{name}/gone.png"]
    outside = [
        f"{name}2/img/1 a.png",
        f"{name}@other/img/1 a.png",
        f"{web}/resolve/other/x.png",
        f"{name}/../plain/x.png",
    ]
    case = Case(
        "addresses",
        lambda: {
            "data.parquet": paths_of("Image", [*known, member, *missing, *outside]),
            "img/1 a.png": picture(),
            "m.zip": zipped({"2.png": picture("blue")}),
            "README.md": declaring("data.parquet"),
        },
        {},
    )
    case.put_into(datasets_directory)
    eventually(lambda: reader.observe(case.dataset)["visibility"] == "public", 60)
    page = reader.read(case.dataset, "c0", sizes=reader.list(case.dataset)["sizes"])
    errors = page.errors("m")
    assert errors[:4] == [None] * 4
    assert [error.endswith("missing or damaged") for error in errors[4:6]] == [True, True]
    assert ["not in the dataset" in error for error in errors[6:]] == [True] * 4
    assert len(page.files) == 2
