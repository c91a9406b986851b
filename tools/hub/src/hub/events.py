"""The events a webhook is told: what lies between the last thing it was told of a dataset and what is.

The payload is version 3 of the Hub's webhooks: https://huggingface.co/docs/hub/webhooks
"""

from dataclasses import dataclass

from hub.names import object_id
from hub.snapshot import REF
from hub.state import State


@dataclass(frozen=True)
class Event:
    """One change of `repo`, from `before` to `after`. None stands for: there is no such dataset.

    One that is gone may have `moved_to` another name.
    """

    repo: str
    before: State | None
    after: State | None
    moved_to: str | None = None

    def payload(self, base_url: str, webhook_id: str) -> dict[str, object]:
        present = self.after or self.before
        assert present is not None
        described: dict[str, object] = {
            "type": "dataset",
            "name": self.repo,
            "id": object_id(self.repo),
            "private": present.private,
            "url": {"web": f"{base_url}/datasets/{self.repo}", "api": f"{base_url}/api/datasets/{self.repo}"},
            "headSha": present.sha,
            "tags": [],
            "owner": _owner(self.repo),
        }
        if present.disabled:
            described["disabled"] = True
        payload: dict[str, object] = {"repo": described, "webhook": {"id": webhook_id, "version": 3}}
        if self.before is None:
            payload["event"] = {"action": "create", "scope": "repo"}
        elif self.after is None and self.moved_to is not None:
            payload["event"] = {"action": "move", "scope": "repo"}
            payload["movedTo"] = {"name": self.moved_to, "owner": _owner(self.moved_to)}
        elif self.after is None:
            payload["event"] = {"action": "delete", "scope": "repo"}
        elif self.before.sha == self.after.sha:
            payload["event"] = {"action": "update", "scope": "repo.config"}
            payload["updatedConfig"] = _updated_config(self.before, self.after)
        else:
            payload["event"] = {"action": "update", "scope": "repo.content"}
            payload["updatedRefs"] = [{"ref": REF, "oldSha": self.before.sha, "newSha": self.after.sha}]
        return payload


def _owner(repo: str) -> dict[str, str]:
    return {"id": object_id(repo.partition("/")[0])}


def _updated_config(before: State, after: State) -> dict[str, bool]:
    changed = [key for key in ("private", "disabled") if getattr(before, key) != getattr(after, key)]
    # The payload has no word for `gated`.
    return {key: getattr(after, key) for key in changed or ["private"]}


def next_event(repo: str, told: State | None, now: State | None, moved_to: str | None = None) -> Event | None:
    """The first event on the way from what was `told` to what is `now`; None when there is nothing to tell.

    A new visibility comes before new content: what has been closed is closed first.
    """
    if told == now:
        return None
    if told is not None and now is not None and told.sha != now.sha:
        closed = now._replace(sha=told.sha)
        return Event(repo, told, closed if closed != told else now)
    return Event(repo, told, now, moved_to)
