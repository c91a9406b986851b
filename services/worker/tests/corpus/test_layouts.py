import pytest

from services.worker.tests.corpus import cards, layouts, outside, slips
from services.worker.tests.corpus.case import Case, collected
from services.worker.tests.corpus.running import Runner

THEMES = (layouts.CASES, cards.CASES, outside.CASES, slips.CASES)


@pytest.mark.parametrize("case", collected(*THEMES), ids=lambda case: case.name)
def test_a_repository_is_understood_or_its_author_is_told_what_to_change(runner: Runner, case: Case) -> None:
    runner.run(case)
