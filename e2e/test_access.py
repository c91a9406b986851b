"""Who may read what: {nobody, a stranger, the owner} over every endpoint and the assets."""

from typing import Any

import pytest

from e2e.stack_process import OwnStack, Stack, eventually

PRIVATE, GATED, PUBLIC = "acme/private-notes", "acme/gated-survey", "samples/captioned-shapes"
TOKENS = {"nobody": None, "stranger": "hf_stranger", "me": "hf_me"}
WHERE = {"config": "default", "split": "train"}
REQUESTS: dict[str, dict[str, Any]] = {"/splits": {}, "/first-rows": WHERE, "/rows": WHERE, "/is-valid": {}}


def prepared(stack: Stack, dataset: str) -> Any:
    """The first rows, as the owner gets them."""
    return eventually(lambda: (answer := stack.first_rows(dataset, token="hf_me")).status_code == 200 and answer.json())


@pytest.mark.parametrize("via", ["header", "cookie"])
@pytest.mark.parametrize("who", TOKENS)
@pytest.mark.parametrize("path", REQUESTS)
@pytest.mark.parametrize("dataset", [PRIVATE, GATED, PUBLIC])
def test_only_those_who_may_see_a_dataset_get_its_answers(
    stack: Stack, dataset: str, path: str, who: str, via: str
) -> None:
    prepared(stack, dataset)
    answer = ask(stack, path, TOKENS[who], via, {"dataset": dataset, **REQUESTS[path]})
    if dataset == PUBLIC or who == "me":
        assert answer.status_code == 200
        assert ("private" in answer.headers["Cache-Control"]) is (dataset != PUBLIC)
    else:
        refused(answer, who)


@pytest.mark.parametrize("who", TOKENS)
@pytest.mark.parametrize("dataset", [PRIVATE, PUBLIC])
def test_the_files_of_a_dataset_are_for_those_who_got_their_urls(stack: Stack, dataset: str, who: str) -> None:
    rows = prepared(stack, dataset)["rows"]
    images = [cell["src"] for row in rows for cell in row["row"].values() if isinstance(cell, dict)]
    answer = stack.get(images[0], TOKENS[who])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("image/")
    # A browser sends no token for an image: the URL is signed, and without that nobody gets in.
    bare = stack.get(images[0].split("?")[0], TOKENS[who])
    assert bare.status_code == (200 if dataset == PUBLIC else 403)
    assert ("private" in bare.headers["Cache-Control"]) is (dataset != PUBLIC)


@pytest.mark.own_stack
def test_a_dataset_that_goes_private_is_gone_for_others_within_ten_seconds(stack: OwnStack) -> None:
    folder = stack.datasets / "me" / "going-private"
    folder.mkdir(parents=True)
    (folder / "data.csv").write_text("secret\nyes\n")
    eventually(lambda: stack.rows("me/going-private"))
    changed = stack.hub.put(
        "/api/datasets/me/going-private/settings",
        json={"visibility": "private"},
        headers={"Authorization": "Bearer hf_me"},
    )
    assert changed.status_code == 200
    eventually(lambda: stack.first_rows("me/going-private").status_code != 200, 10)
    eventually(lambda: stack.first_rows("me/going-private").status_code == 401)
    eventually(lambda: stack.rows("me/going-private", token="hf_me") == [{"secret": "yes"}])
    assert stack.first_rows("me/going-private", token="hf_stranger").status_code == 404


def ask(stack: Stack, path: str, token: str | None, via: str, parameters: dict[str, Any]) -> Any:
    headers = {}
    if token:
        headers = {"Authorization": f"Bearer {token}"} if via == "header" else {"Cookie": f"token={token}"}
    return stack.http.get(path, params=parameters, headers=headers)


def refused(answer: Any, who: str) -> None:
    expected = (401, "ExternalUnauthenticatedError") if who == "nobody" else (404, "ExternalAuthenticatedError")
    assert (answer.status_code, answer.headers["X-Error-Code"]) == expected
    assert "private" in answer.headers["Cache-Control"]
    assert list(answer.json()) == ["error"]
