import uuid
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from libs.libcache.tests.attempts import Cache
from libs.libcache.tests.places import InBucket, InDirectory, Place


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where the assets are: what a test says of them holds for both."""
    if request.param == "directory":
        (tmp_path / "assets").mkdir()
        return InDirectory(tmp_path / "assets")
    return InBucket(request.getfixturevalue("s3"), f"tests/{uuid.uuid4().hex}")


@pytest.fixture
def cache(cache_database: Database[dict[str, Any]], place: Place, tmp_path: Path) -> Cache:
    return Cache(cache_database, place.assets, tmp_path / "scratch")
