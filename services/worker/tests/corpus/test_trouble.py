import pytest

from services.worker.tests.corpus import bombs, hub_trouble
from services.worker.tests.corpus.case import Case, collected
from services.worker.tests.corpus.running import Runner

THEMES = (bombs.CASES, hub_trouble.CASES)


@pytest.mark.parametrize("case", collected(*THEMES), ids=lambda case: case.name)
def test_trouble_ends_in_rows_or_in_an_error_and_in_bounded_time(runner: Runner, case: Case) -> None:
    runner.run(case)
