import re

import pytest

from docs.generate import HERE, PAGES, configuration_page


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_says_what_the_code_says(name: str) -> None:
    assert (HERE / name).read_text() == PAGES[name](), "run `make docs`"


def test_every_setting_that_the_installation_guide_names_exists() -> None:
    guide = (HERE.parent / "INSTALL.md").read_text()
    stack = (HERE.parent / "tools" / "stack" / "README.md").read_text()
    known = set(re.findall(r"`([A-Z][A-Z_]+)`", configuration_page() + stack))
    named = set(re.findall(r"\b([A-Z]+(?:_[A-Z]+)+)\b", guide))
    assert named <= known


def test_every_setting_is_described() -> None:
    assert "| None |" not in configuration_page()
