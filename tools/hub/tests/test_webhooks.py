"""What is announced, to whom, and that nothing is lost."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub.testing import RunningHub, WebhookReceiver, eventually, running_hub
from huggingface_hub import HfApi

ME, WORD = "hf_me", "s3cret"
CREATE, DELETE = ("create", "repo"), ("delete", "repo")
CONTENT, CONFIG = ("update", "repo.content"), ("update", "repo.config")


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    with receiver.listening():
        yield receiver


@contextmanager
def announcing_hub(directory: Path, *receivers: WebhookReceiver) -> Iterator[RunningHub]:
    with running_hub(directory, webhooks=[receiver.url for receiver in receivers], webhook_secret=WORD) as hub:
        yield hub


def head(hub: RunningHub, repo: str) -> str:
    return str(HfApi(endpoint=hub.endpoint, token=ME).dataset_info(repo).sha)


def last(receiver: WebhookReceiver, repo: str) -> dict[str, Any]:
    return [event for event in receiver.events if event["repo"]["name"] == repo][-1]


def test_every_change_through_the_api_is_announced_once(tmp_path: Path, receiver: WebhookReceiver) -> None:
    with announcing_hub(tmp_path, receiver) as hub:
        api = HfApi(endpoint=hub.endpoint, token=ME)
        api.create_repo("me/x", repo_type="dataset")
        eventually(lambda: receiver.about("me/x") == [CREATE])
        empty = head(hub, "me/x")
        api.upload_file(path_or_fileobj=b"a\n1\n", path_in_repo="a.csv", repo_id="me/x", repo_type="dataset")
        eventually(lambda: receiver.about("me/x")[1:] == [CONTENT])
        event = last(receiver, "me/x")
        assert event["updatedRefs"] == [{"ref": "refs/heads/main", "oldSha": empty, "newSha": head(hub, "me/x")}]
        assert event["repo"]["headSha"] == head(hub, "me/x")
        assert (event["repo"]["type"], event["repo"]["private"], event["webhook"]["version"]) == ("dataset", False, 3)
        assert event["repo"]["url"]["api"] == f"{hub.endpoint}/api/datasets/me/x"
        assert receiver.headers[-1]["x-webhook-secret"] == WORD
        api.update_repo_settings("me/x", repo_type="dataset", private=True)
        eventually(lambda: receiver.about("me/x")[2:] == [CONFIG])
        assert last(receiver, "me/x")["updatedConfig"] == {"private": True}
        api.update_repo_settings("me/x", repo_type="dataset", gated="auto")
        eventually(lambda: receiver.about("me/x")[3:] == [CONFIG])
        api.delete_repo("me/x", repo_type="dataset")
        eventually(lambda: receiver.about("me/x")[4:] == [DELETE])
        # By hand, and after it: what the API did has been looked at again by then, and was nothing new.
        (tmp_path / "me/y").mkdir()
        eventually(lambda: receiver.about("me/y") == [CREATE])
        assert len(receiver.about("me/x")) == 5


def test_every_change_by_hand_is_announced(tmp_path: Path, receiver: WebhookReceiver) -> None:
    with announcing_hub(tmp_path, receiver) as hub:
        (tmp_path / "acme/x").mkdir(parents=True)
        eventually(lambda: receiver.about("acme/x") == [CREATE])
        (tmp_path / "acme/x/a.csv").write_text("1")
        eventually(lambda: receiver.about("acme/x")[1:] == [CONTENT])
        assert last(receiver, "acme/x")["repo"]["headSha"] == head(hub, "acme/x")
        (tmp_path / "hub.yaml").write_text(yaml.safe_dump({"datasets": {"acme/x": {"private": True}}}))
        eventually(lambda: receiver.about("acme/x")[2:] == [CONFIG])
        assert last(receiver, "acme/x")["repo"]["private"] is True
        (tmp_path / "acme").rename(tmp_path / ".gone")
        eventually(lambda: receiver.about("acme/x")[3:] == [DELETE])


def test_the_last_state_of_a_file_that_is_being_written_is_announced(tmp_path: Path, receiver: WebhookReceiver) -> None:
    root = tmp_path / "acme/x"
    root.mkdir(parents=True)
    with announcing_hub(tmp_path, receiver) as hub:
        eventually(lambda: receiver.about("acme/x") == [CREATE])
        with (root / "a.csv").open("w") as file:
            for number in range(2000):
                file.write(f"{number}\n" * 100)
                file.flush()
        eventually(lambda: CONTENT in receiver.about("acme/x") and _is_whole(hub, receiver))


def _is_whole(hub: RunningHub, receiver: WebhookReceiver) -> bool:
    told = last(receiver, "acme/x")["repo"]["headSha"]
    answer = hub.http.get(f"/datasets/acme/x/resolve/{told}/a.csv")
    return answer.is_success and answer.text.endswith("1999\n")


def test_what_could_not_be_delivered_is_delivered_later_as_it_is_by_then(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    with announcing_hub(tmp_path, receiver) as hub:
        api = HfApi(endpoint=hub.endpoint, token=ME)
        receiver.status = lambda event: 503
        api.create_repo("me/x", repo_type="dataset")
        api.create_repo("me/short-lived", repo_type="dataset")
        eventually(lambda: {event["repo"]["name"] for event in receiver.refused} == {"me/x", "me/short-lived"})
        for number in range(5):
            api.upload_file(path_or_fileobj=b"%d" % number, path_in_repo="a.csv", repo_id="me/x", repo_type="dataset")
        api.delete_repo("me/short-lived", repo_type="dataset")
        receiver.status = lambda event: 200
        eventually(lambda: receiver.about("me/x") == [CREATE])
        assert last(receiver, "me/x")["repo"]["headSha"] == head(hub, "me/x")
        assert receiver.about("me/short-lived") == []


def test_one_dataset_that_is_refused_does_not_hold_up_another(tmp_path: Path, receiver: WebhookReceiver) -> None:
    receiver.status = lambda event: 500 if event["repo"]["name"] == "acme/a" else 202
    for name in "abc":
        (tmp_path / "acme" / name).mkdir(parents=True)
    with announcing_hub(tmp_path, receiver):
        eventually(lambda: receiver.about("acme/b") == receiver.about("acme/c") == [CREATE])
        eventually(lambda: len(receiver.refused) > 2)
        assert receiver.about("acme/a") == []


def test_a_receiver_that_is_down_is_told_when_it_is_up_and_delays_no_other(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    down = WebhookReceiver()
    with down.listening():
        port = int(down.url.rpartition(":")[2].partition("/")[0])
    (tmp_path / "acme/x").mkdir(parents=True)
    with announcing_hub(tmp_path, down, receiver) as hub:
        eventually(lambda: receiver.about("acme/x") == [CREATE])
        eventually(lambda: "can't be reached" in hub.log)
        assert down.events == []
        with down.listening(port):
            eventually(lambda: down.about("acme/x") == [CREATE])
            eventually(lambda: "can be reached again" in hub.log)


def test_what_changed_while_it_was_off_is_announced_at_the_start(tmp_path: Path, receiver: WebhookReceiver) -> None:
    for name in ("same", "changed", "hidden", "gone"):
        (tmp_path / "acme" / name).mkdir(parents=True)
    with announcing_hub(tmp_path, receiver):
        eventually(lambda: len(receiver.events) == 4)
    receiver.events.clear()
    (tmp_path / "acme/changed/a.csv").write_text("1")
    (tmp_path / "acme/gone").rmdir()
    (tmp_path / "acme/new").mkdir()
    (tmp_path / "hub.yaml").write_text("datasets: {acme/hidden: {gated: manual}}")
    with announcing_hub(tmp_path, receiver):
        eventually(lambda: len(receiver.events) == 4)
        assert receiver.about("acme/changed") == [CONTENT]
        assert receiver.about("acme/hidden") == [CONFIG]
        assert receiver.about("acme/gone") == [DELETE]
        assert receiver.about("acme/new") == [CREATE]


def test_what_was_not_delivered_when_it_was_killed_is_delivered_at_the_next_start(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    receiver.status = lambda event: 503
    (tmp_path / "acme/x").mkdir(parents=True)
    with announcing_hub(tmp_path, receiver) as hub:
        eventually(lambda: receiver.refused)
        hub.process.kill()
        hub.process.wait()
    receiver.status = lambda event: 202
    with announcing_hub(tmp_path, receiver):
        eventually(lambda: receiver.about("acme/x") == [CREATE])


def test_a_state_that_cannot_be_understood_means_that_all_is_announced_again(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    (tmp_path / "acme/x").mkdir(parents=True)
    with announcing_hub(tmp_path, receiver):
        eventually(lambda: receiver.about("acme/x") == [CREATE])
    for kept in (tmp_path / ".hub/webhooks").iterdir():
        assert "acme/x" in json.loads(kept.read_text())
        kept.write_text('{"acme/x": 1}')
    with announcing_hub(tmp_path, receiver) as hub:
        eventually(lambda: receiver.about("acme/x") == [CREATE, CREATE])
        assert "announced again" in hub.log


def test_the_secret_and_the_query_of_a_webhook_are_not_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "acme/x").mkdir(parents=True)
    webhook = "http://user:pass@127.0.0.1:9/webhook?secret=qu3ry"
    with running_hub(tmp_path, webhooks=[webhook], webhook_secret=WORD) as hub:
        eventually(lambda: "can't be reached" in hub.log)
        assert not [secret for secret in (WORD, "qu3ry", "pass") if secret in hub.log]
