import pytest

from services.worker.tests.corpus import archives, webdatasets
from services.worker.tests.corpus.case import Case, collected
from services.worker.tests.corpus.running import Runner

THEMES = (archives.CASES, webdatasets.CASES)


@pytest.mark.parametrize("case", collected(*THEMES), ids=lambda case: case.name)
def test_an_archive_is_read_as_what_is_in_it(runner: Runner, case: Case) -> None:
    runner.run(case)
