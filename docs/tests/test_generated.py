import pytest

from docs.generate import HERE, PAGES, configuration_page


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_says_what_the_code_says(name: str) -> None:
    assert (HERE / name).read_text() == PAGES[name](), "run `make docs`"


def test_every_setting_is_described() -> None:
    assert "| None |" not in configuration_page()
