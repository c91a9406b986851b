"""The corpus itself: as large as it has to be, and each case under a name of its own."""

from libcommon.names import is_dataset_name

from services.worker.tests.corpus import (
    test_archives,
    test_layouts,
    test_media,
    test_tables,
    test_text_formats,
    test_trouble,
)

_CASES = [
    case
    for module in (test_archives, test_layouts, test_media, test_tables, test_text_formats, test_trouble)
    for theme in module.THEMES
    for case in theme
]


def test_the_quick_cases_alone_are_more_than_a_hundred() -> None:
    assert len([case for case in _CASES if not case.long]) > 100


def test_every_case_is_a_dataset_of_its_own() -> None:
    names = [case.dataset for case in _CASES]
    assert len(set(names)) == len(names)
    assert all(is_dataset_name(name) for name in names)


def test_the_contents_of_a_case_are_the_same_each_time() -> None:
    for case in _CASES:
        if not case.long:
            assert case.files() == case.files(), case.name
