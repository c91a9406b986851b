import pytest

from docs.chart import CHART, FILES


@pytest.mark.parametrize("name", FILES)
def test_the_chart_knows_the_settings_of_the_code(name: str) -> None:
    assert (CHART / name).read_text() == FILES[name](), "run `make docs`"
