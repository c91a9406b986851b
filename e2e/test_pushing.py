"""What a user pushes to the Hub shows up, changes, and goes."""

from pathlib import Path

import pytest

from e2e.stack_process import OwnStack, Stack, eventually


def push(stack: Stack, name: str, values: list[int], home: Path) -> None:
    stack.run_client(f"from datasets import Dataset; Dataset.from_dict({{'n': {values}}}).push_to_hub('{name}')", home)


def test_a_pushed_dataset_is_previewed_then_replaced_then_deleted(stack: Stack, tmp_path: Path) -> None:
    push(stack, "me/first", [1, 2, 3], tmp_path)
    eventually(lambda: stack.rows("me/first") == [{"n": 1}, {"n": 2}, {"n": 3}])
    revision = stack.first_rows("me/first").headers["X-Revision"]

    push(stack, "me/first", [4, 5], tmp_path)
    eventually(lambda: stack.rows("me/first") == [{"n": 4}, {"n": 5}])
    assert stack.first_rows("me/first").headers["X-Revision"] != revision

    stack.run_client("import huggingface_hub as h; h.delete_repo('me/first', repo_type='dataset')", tmp_path)
    eventually(lambda: stack.first_rows("me/first").status_code == 401)
    assert stack.first_rows("me/first", token="hf_me").status_code == 404
    assert "me/first" not in stack.get("/valid").json()["valid"]


@pytest.mark.own_stack
def test_a_file_dropped_into_the_folder_by_hand_is_previewed(stack: OwnStack) -> None:
    folder = stack.datasets / "me" / "by-hand"
    folder.mkdir(parents=True)
    (folder / "data.csv").write_text("city,height\nQuito,2850\n")
    eventually(lambda: stack.rows("me/by-hand") == [{"city": "Quito", "height": 2850}])
    (folder / "data.csv").unlink()
    folder.rmdir()
    eventually(lambda: stack.first_rows("me/by-hand").status_code in (401, 404))


@pytest.mark.parametrize("secret", [None, "wrong"])
def test_a_webhook_without_the_secret_is_refused(stack: Stack, secret: str | None) -> None:
    headers = {"X-Webhook-Secret": secret} if secret else {}
    answer = stack.http.post("/webhook", json={"remove": "datasets/samples/phrasebook"}, headers=headers)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (401, "WebhookSecretError")
    assert stack.get("/splits", dataset="samples/phrasebook").status_code in (200, 503)
