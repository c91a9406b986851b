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
CREATE, MOVE, DELETE = ("create", "repo"), ("move", "repo"), ("delete", "repo")
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


def told(receiver: WebhookReceiver) -> list[tuple[str, str]]:
    """The name and the action of each event, in order."""
    return [(event["repo"]["name"], event["event"]["action"]) for event in list(receiver.events)]


def test_a_move_is_announced_once_then_the_new_name_is(tmp_path: Path, receiver: WebhookReceiver) -> None:
    root = tmp_path / "me/x"
    root.mkdir(parents=True)
    with announcing_hub(tmp_path, receiver) as hub:
        api = HfApi(endpoint=hub.endpoint, token=ME)
        eventually(lambda: receiver.about("me/x") == [CREATE])
        # The new name comes before the old one in the alphabet.
        api.move_repo("me/x", "acme/a", repo_type="dataset")
        eventually(lambda: told(receiver)[1:] == [("me/x", "move"), ("acme/a", "create")])
        event = last(receiver, "me/x")
        assert event["event"] == {"action": "move", "scope": "repo"}
        assert event["movedTo"] == {"name": "acme/a", "owner": last(receiver, "acme/a")["repo"]["owner"]}
        assert event["repo"]["headSha"] == head(hub, "acme/a") == head(hub, "me/x")
        api.upload_file(path_or_fileobj=b"1", path_in_repo="a.csv", repo_id="acme/a", repo_type="dataset")
        eventually(lambda: receiver.about("acme/a") == [CREATE, CONTENT])
        api.move_repo("acme/a", "me/z", repo_type="dataset")
        eventually(lambda: told(receiver)[4:] == [("acme/a", "move"), ("me/z", "create")])
        assert last(receiver, "acme/a")["movedTo"]["name"] == "me/z"
    (tmp_path / "acme/later").mkdir()
    with announcing_hub(tmp_path, receiver):
        eventually(lambda: receiver.about("acme/later") == [CREATE])
        assert len(receiver.events) == 7


def test_a_move_that_was_not_delivered_is_delivered_at_the_next_start(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    (tmp_path / "me/x").mkdir(parents=True)
    with announcing_hub(tmp_path, receiver) as hub:
        eventually(lambda: receiver.about("me/x") == [CREATE])
        receiver.status = lambda event: 503
        api = HfApi(endpoint=hub.endpoint, token=ME)
        api.move_repo("me/x", "me/y", repo_type="dataset")
        eventually(lambda: receiver.refused)
        api.move_repo("me/y", "me/a", repo_type="dataset")
        hub.process.kill()
        hub.process.wait()
    receiver.status = lambda event: 202
    with announcing_hub(tmp_path, receiver):
        eventually(lambda: told(receiver)[1:] == [("me/x", "move"), ("me/a", "create")])
        assert last(receiver, "me/x")["movedTo"]["name"] == "me/a"


def test_a_move_that_is_refused_holds_up_the_new_name_alone(tmp_path: Path, receiver: WebhookReceiver) -> None:
    for name in ("x", "y"):
        (tmp_path / "me" / name).mkdir(parents=True)
    with announcing_hub(tmp_path, receiver) as hub:
        api = HfApi(endpoint=hub.endpoint, token=ME)
        eventually(lambda: len(receiver.events) == 2)
        receiver.status = lambda event: 500 if event["repo"]["name"] == "me/x" else 202
        api.move_repo("me/x", "me/a", repo_type="dataset")
        api.move_repo("me/y", "me/b", repo_type="dataset")
        eventually(lambda: receiver.about("me/b") == [CREATE])
        eventually(lambda: len(receiver.refused) > 2)
        assert receiver.about("me/a") == []
        receiver.status = lambda event: 202
        eventually(lambda: told(receiver)[4:] == [("me/x", "move"), ("me/a", "create")])


def test_what_was_moved_and_is_gone_by_then_is_announced_as_deleted(tmp_path: Path, receiver: WebhookReceiver) -> None:
    for name in ("gone", "new"):
        (tmp_path / "me" / name).mkdir(parents=True)
    with announcing_hub(tmp_path, receiver) as hub:
        api = HfApi(endpoint=hub.endpoint, token=ME)
        eventually(lambda: len(receiver.events) == 2)
        receiver.status = lambda event: 503
        api.move_repo("me/gone", "me/gone-too", repo_type="dataset")
        api.delete_repo("me/gone-too", repo_type="dataset")
        api.move_repo("me/new", "me/old", repo_type="dataset")
        api.create_repo("me/new", repo_type="dataset")
        api.update_repo_settings("me/new", repo_type="dataset", private=True)
        receiver.status = lambda event: 202
        eventually(lambda: receiver.about("me/gone") == [CREATE, DELETE])
        eventually(lambda: receiver.about("me/old") == [CREATE])
        eventually(lambda: receiver.about("me/new") == [CREATE, CONFIG])
        assert receiver.about("me/gone-too") == []


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
