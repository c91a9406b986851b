import pytest

from services.worker.tests.corpus import declared, parquet_files, shards, value_types
from services.worker.tests.corpus.case import Case, collected
from services.worker.tests.corpus.running import Runner

THEMES = (parquet_files.CASES, value_types.CASES, shards.CASES, declared.CASES)


@pytest.mark.parametrize("case", collected(*THEMES), ids=lambda case: case.name)
def test_a_table_has_the_columns_and_rows_that_its_author_wrote(runner: Runner, case: Case) -> None:
    runner.run(case)
