"""The product without its fences, to see that what looks for broken promises finds some."""

import time
from dataclasses import replace
from typing import Any

from libcache.answers import Answer, AnswerKey, Answers
from libcache.records import Record, Records
from libqueue.model import Claim
from worker.zygote import Zygote


def take_fences_away() -> None:
    """Whoever once held a job may write and end it for ever, and its children outlive its lease."""
    write, observe = Answers.write, Records.observe

    def write_in_any_case(
        answers: Answers, key: AnswerKey, answer: Answer, record: Record, *more: Any, **options: Any
    ) -> bool:
        return write(answers, key, answer, _latest(record), *more, **options)

    def observe_in_any_case(records: Records, record: Record, *seen: Any, **options: Any) -> Record | None:
        return observe(records, _latest(record), *seen, **options)

    Claim.held = property(lambda claim: {"_id": str(claim.key)})  # type: ignore[assignment, method-assign]
    Answers.write = write_in_any_case  # type: ignore[assignment, method-assign]
    Records.observe = observe_in_any_case  # type: ignore[assignment, method-assign]
    Zygote.set_deadline = lambda zygote, time: None  # type: ignore[assignment, method-assign]


def _latest(record: Record) -> Record:
    """The record with a fence higher than any before: the last to write wins, whatever it holds."""
    return replace(record, fence=time.time_ns())
