"""A Hub that is slow, cuts answers off, refuses, or fails while a dataset is read."""

from hub.faults import Faults

from services.worker.tests.corpus.case import Case, Failure, Files, Page, only
from services.worker.tests.corpus.images import IMAGE, shown
from services.worker.tests.corpus.media import Kept
from services.worker.tests.reader.edge_cases import picture

_IMAGES = {f"{number}.png": picture(size=(4, number + 1)) for number in range(5)}
_FIVE = Page(
    {"image": IMAGE},
    [{"image": shown(Kept(data, ".png"), 4, number + 1)} for number, data in enumerate(_IMAGES.values())],
)


def _files() -> Files:
    return dict(_IMAGES)


CASES = [
    Case("hub-slow", _files, only(_FIVE), Faults(latency_ms=100, jitter_ms=100, seed=1)),
    Case("hub-cuts-some-answers-off", _files, only(_FIVE), Faults(cut=0.1, seed=2)),
    Case("hub-fails-now-and-then", _files, only(_FIVE), Faults(server_error=0.1, seed=3)),
    Case("hub-asks-to-slow-down", _files, only(_FIVE), Faults(too_many=0.1, seed=4)),
    Case(
        "hub-of-all-troubles",
        _files,
        only(_FIVE),
        Faults(latency_ms=20, jitter_ms=50, cut=0.05, server_error=0.05, too_many=0.05, seed=5),
        long=True,
    ),
    Case("hub-always-fails", _files, Failure("HfHubError", "The Hub", "tried again"), Faults(server_error=1, seed=6)),
    Case("hub-always-cuts-off", _files, Failure("HfHubError", "The Hub", "tried again"), Faults(cut=1, seed=7)),
    Case("hub-always-refuses", _files, Failure("HubRateLimitedError", "slow down"), Faults(too_many=1, seed=8)),
]
