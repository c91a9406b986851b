"""The reader behind a pipe: one JSON request a line in, one JSON answer a line out.

A process of its own, because `datasets` reads HF_ENDPOINT at import and `prepare` changes the library.
"""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from libcommon.errors import CodedError
from reader import library
from reader import snapshot as snapshot_module
from reader.card import read_card
from reader.hub import RevisionGone, observe, observe_revision
from reader.limits import Limits
from reader.listing import list_splits
from reader.media import decode
from reader.opening import open_split
from reader.rows import read_split
from reader.snapshot import MAX_FILES
from reader.stream import open_by_library


def _listing(request: dict[str, Any]) -> dict[str, Any]:
    dataset, hub = request["dataset"], {name: request[name] for name in ("endpoint", "token")}
    seen = observe_revision(dataset, request["revision"], **hub)
    listing, snapshot = list_splits(dataset, seen, read_card(dataset, seen, **hub), **hub)
    splits = [[s.config, s.split, s.num_bytes, s.num_examples] for s in listing.splits]
    return {
        "splits": splits,
        "failed": {f.config: [f.error.code, f.error.body()] for f in listing.failed},
        "sizes": snapshot.sizes if snapshot is not None else None,
        "plans": listing.plans,
    }


def _page(request: dict[str, Any]) -> dict[str, Any]:
    staging = Path(request["staging"])
    page = read_split(
        request["dataset"],
        request["config"],
        request["split"],
        request["revision"],
        endpoint=request["endpoint"],
        token=request["token"],
        limits=Limits(**request["limits"]),
        asset_url="/assets/prefix",
        staging=staging,
        decode=partial(decode, staging=staging),
        max_size_fallback=request["max_size_fallback"],
        sizes=request["sizes"],
        plan=request["plan"],
        opener=open_by_library if request["by_library"] else open_split,
    )
    return {
        "body": page.body.decode(),
        "features_span": page.features_span,
        "row_offsets": page.row_offsets,
        "asset_ends": page.asset_ends,
        "files": sorted(page.files),
        "num_rows_total": page.num_rows_total,
        "partial": page.partial,
    }


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    # Of this call alone: what is read next must not depend on it.
    snapshot_module.MAX_FILES = request.get("max_files", MAX_FILES)
    try:
        if request["call"] == "observe":
            seen = observe(request["dataset"], endpoint=request["endpoint"], token=request["token"])
            return {"visibility": seen.visibility, "revision": seen.revision, "moved_to": seen.moved_to}
        return _listing(request) if request["call"] == "list" else _page(request)
    except CodedError as error:
        return {"error": error.code, "body": error.body(), "retry_after": error.retry_after}
    except RevisionGone:
        return {"error": "RevisionGone"}


if __name__ == "__main__":
    library.prepare()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)
