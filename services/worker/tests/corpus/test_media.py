import pytest

from services.worker.tests.corpus import documents, embedded, images, sounds, videos
from services.worker.tests.corpus.case import Case, collected
from services.worker.tests.corpus.running import Runner

THEMES = (images.CASES, embedded.CASES, sounds.CASES, videos.CASES, documents.CASES)


@pytest.mark.parametrize("case", collected(*THEMES), ids=lambda case: case.name)
def test_media_are_shown_or_refused_each_by_itself(runner: Runner, case: Case) -> None:
    runner.run(case)
