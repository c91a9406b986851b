"""The job that reads the first rows of a split, at the revision that the dataset's record has."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from bson.objectid import ObjectId
from libcache.answers import Answer, AnswerKey, Kind
from libcache.assets import url_prefix
from libcache.schema import READABLE
from libcommon.errors import CodedError

from worker.execution import Result
from worker.jobs.base import Job, SupersededError


class SplitsJob(Job):
    """Keeps the /first-rows answer of one split, and the media files that it names."""

    def is_needed(self) -> bool:
        if self.record.visibility not in READABLE or self.record.revision is None:
            return False
        if not self.stores.answers.is_listed(self.record, self.key.config, self.key.split):
            return False
        if self._has_fresh_answer():
            # The attempt that wrote the answer may have ended before its note.
            self.note_preview(self.record)
            return False
        if self.stores.answers.revision(self._answer_key) != self.record.revision:
            self.event_at = self.record.event_at
        return True

    def stage(self, name: str) -> Path | None:
        staging = self.stores.staging.path / name
        staging.mkdir()
        return staging

    def request(self, staging: Path | None) -> dict[str, Any]:
        assert self.record.revision is not None
        assert self.key.config is not None
        sizes, plan = self.stores.plans.read(self.record, self.key.config) or (None, None)
        return {
            "dataset": self.key.dataset,
            "config": self.key.config,
            "split": self.key.split,
            "revision": self.record.revision,
            "endpoint": self.settings.hf_endpoint,
            "token": self.settings.hf_token,
            "limits": asdict(self.settings.page_limits),
            "asset_url": url_prefix(self.settings.public_url, self.record),
            "staging": str(staging),
            "max_size_fallback": self.settings.max_size_fallback,
            "sizes": sizes,
            "plan": plan,
        }

    def store(self, result: Result, staging: Path | None) -> str | None:
        assert staging is not None
        self._check_generation()
        answer = Answer(body=result.data, **result.message)
        names = answer.asset_names
        if not names:
            self._write(answer)
            return None
        assets, answers = self.stores.assets, self.stores.answers
        place = answers.make_place(self._answer_key, self.record)
        size = sum((staging / name).stat().st_size for name in names)
        with self.stores.usage.reserved(size, at_once=assets.publishes_at_once):
            assets.publish(staging, self.record, names, self.keep)
            try:
                self._write(answer, place)
            except SupersededError:
                # Not by a later attempt: this one took longer than files without an answer stay, or its place is gone.
                if not answers.is_fresh(self.record, self.key.config, self.key.split):
                    self.stores.queue.add(self.key, priority=self.priority, payload=self.origin)
                raise
        return None

    def store_error(self, error: CodedError) -> None:
        self._write(Answer.of_error(error))

    @property
    def _answer_key(self) -> AnswerKey:
        return AnswerKey(Kind.FIRST_ROWS, self.key.dataset, self.key.config, self.key.split)

    def _has_fresh_answer(self) -> bool:
        """Whether there is one that another run would not change, with all of its files."""
        answers = self.stores.answers
        if not answers.is_fresh(self.record, self.key.config, self.key.split):
            return False
        return not self.stores.assets.missing(answers.asset_paths(self._answer_key, self.record.generation))

    def _write(self, answer: Answer, place: ObjectId | None = None) -> None:
        self.write_answer(self._answer_key, answer, self.record, place)
        self.note_preview(self.record)

    def _check_generation(self) -> None:
        now = self.stores.records.find(self.key.dataset)
        if now is None or now.generation != self.record.generation:
            raise SupersededError
