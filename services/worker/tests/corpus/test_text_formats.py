import pytest

from services.worker.tests.corpus import csv_files, json_lines
from services.worker.tests.corpus.case import Case, collected
from services.worker.tests.corpus.running import Runner

THEMES = (csv_files.CASES, json_lines.CASES)


@pytest.mark.parametrize("case", collected(*THEMES), ids=lambda case: case.name)
def test_text_has_the_rows_that_its_author_sees_in_it(runner: Runner, case: Case) -> None:
    runner.run(case)
