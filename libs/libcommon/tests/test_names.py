import pytest
from libcommon.names import is_dataset_name, namespace_of


@pytest.mark.parametrize("name", ["squad", "acme/csv", "a/b", "user_1/data.set-v2", "_x/_y", "a/" + "b" * 94])
def test_a_name_that_the_hub_accepts_is_a_dataset_name(name: str) -> None:
    assert is_dataset_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "/", "a/", "/a", "a/b/c", "../x", "..", "a/..", "a/.b", "a/b.", "-a/b", "a/b-", "a/b--c", "a/b..c", "a/b.git"],
)
def test_a_name_that_the_hub_refuses_is_not_a_dataset_name(name: str) -> None:
    assert not is_dataset_name(name)


@pytest.mark.parametrize("name", ["a b", "a/b\n", "a/b%2f", "a/é", "a/" + "b" * 95, "a\x00b", "a\\b"])
def test_a_name_with_other_characters_or_too_many_is_not_a_dataset_name(name: str) -> None:
    assert not is_dataset_name(name)


def test_a_dataset_without_a_namespace_is_a_namespace_of_its_own() -> None:
    assert (namespace_of("acme/csv"), namespace_of("squad")) == ("acme", "squad")
