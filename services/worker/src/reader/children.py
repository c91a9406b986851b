"""The kinds of child that a worker has: one that asks the Hub, and one without network or token that decodes media."""

import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from libcommon.errors import CodedError, Fault

from reader import decoding, outbound, wire
from reader.card import read_card
from reader.catalogue import read_page
from reader.content import signature_of
from reader.features.kinds import CellError
from reader.hub import TIMEOUT_SECONDS, Observation, RevisionGone, observe
from reader.isolation.layers import confine_decoder, confine_job
from reader.isolation.limits import Limits as ProcessLimits
from reader.limits import Limits
from reader.listing import list_splits
from reader.rows import read_split

# How often a listing starts again because a push moved the head from under it.
_MAX_HEADS = 3
_VISIBLE = ("public", "gated", "private")


class _DecoderGone(Exception):  # noqa: N818 - an event that starts a job again, not an error of it
    """The process that decodes media was killed, and not by what it decoded."""


def serve(role: dict[str, Any], connections: list[socket.socket]) -> None:
    """Does what a child was forked for, confined to `role["limits"]`.

    `{"job": what}` gets its request from the first connection and, to read a split, has media decoded over the second;
    `{"decode": staging folder}` decodes what comes over its only one; `{"confine": a folder}` tells which layers a
    decoder has on this machine.
    """
    limits = ProcessLimits(**role["limits"])
    if "decode" in role:
        decoding.serve(connections[0], Path(role["decode"]), limits)
        return
    if "confine" in role:
        wire.send(connections[0], confine_decoder(limits, Path(role["confine"])))
        return
    confine_job(limits, Path(role["staging"]) if role["staging"] else None)
    request, _ = wire.receive(connections[0])
    outbound.allow_only(request["endpoint"])
    match role["job"]:
        case "splits":
            _answer(connections[0], lambda: _read_split(request, connections[1]))
        case "datasets":
            _answer(connections[0], lambda: (_read_dataset(request), b""))
        case "catalogue":
            _answer(connections[0], lambda: (_read_catalogue(request), b""))
        case "observe":
            _answer(connections[0], lambda: (_observe_some(request), b""))


def _answer(connection: socket.socket, work: Callable[[], tuple[dict[str, Any], bytes]]) -> None:
    try:
        message, data = work()
    except RevisionGone:
        message, data = {"revision_gone": True}, b""
    except MemoryError:
        message, data = {"out_of_memory": True}, b""
    except _DecoderGone:
        message, data = {"decoder_gone": True}, b""
    except CodedError as error:
        message, data = {"error": _error(error)}, b""
        if error.code == "UnexpectedError":
            traceback.print_exc(file=sys.stderr)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        bug = CodedError(
            "UnexpectedError",
            "The server met a bug of its own on this dataset; its operator finds it in the log.",
            cause_exception=type(error).__name__,
        )
        message, data = {"error": _error(bug)}, b""
    wire.send(connection, {**message, "hub_requests": outbound.requests()}, data)


def _error(error: CodedError) -> dict[str, Any]:
    return {"code": error.code, "body": error.body(), "retry_after": error.retry_after}


def _read_dataset(request: dict[str, Any]) -> dict[str, Any]:
    of_hub = {"endpoint": request["endpoint"], "token": request["token"]}
    for _ in range(_MAX_HEADS):
        observation = observe(request["dataset"], **of_hub, with_files=True)
        report: dict[str, Any] = {
            "visibility": observation.visibility,
            "revision": observation.revision,
            "moved_to": observation.moved_to,
            "signature": None,
        }
        if observation.visibility not in _VISIBLE:
            return report
        readme = read_card(request["dataset"], observation, **of_hub)
        report["signature"] = signature_of(observation, readme)
        if report["signature"] is not None and request["listed"] == [report["visibility"], report["signature"]]:
            return {**report, "same_content": True}
        try:
            return {**report, **_list(request, observation, readme)}
        except RevisionGone:
            continue
    raise CodedError("HfHubError", "The dataset changed faster than it could be listed. It is tried again in a moment.")


def _list(request: dict[str, Any], observation: Observation, readme: bytes | None) -> dict[str, Any]:
    if observation.revision is None:
        message = "This server's token may not read the dataset. Give its user access, or make the dataset public."
        return {"listing_error": _error(CodedError("DatasetNotFoundError", message))}
    hub = {"endpoint": request["endpoint"], "token": request["token"]}
    try:
        listing, snapshot = list_splits(request["dataset"], observation, readme, **hub)
    except CodedError as error:
        if error.entry.fault is not Fault.DATA:
            raise
        return {"listing_error": _error(error)}
    return {
        "splits": [[split.config, split.split, split.num_bytes, split.num_examples] for split in listing.splits],
        "failed": [[failed.config, _error(failed.error)] for failed in listing.failed],
        "sizes": snapshot.sizes if snapshot is not None else None,
        "plans": listing.plans,
    }


def _read_catalogue(request: dict[str, Any]) -> dict[str, Any]:
    page = read_page(request["cursor"], request["length"], endpoint=request["endpoint"], token=request["token"])
    return {"datasets": [[name, seen.visibility, seen.revision] for name, seen in page.datasets], "cursor": page.cursor}


def _observe_some(request: dict[str, Any]) -> dict[str, Any]:
    """The first of the datasets, as many as there is time for, with None for one that the Hub fails to describe.

    Raises:
        CodedError: the Hub describes none of several, or asks to slow down.
    """
    limit = time.monotonic() + TIMEOUT_SECONDS
    observed: list[list[Any]] = []
    described = False
    trouble: CodedError | None = None
    for dataset in request["datasets"]:
        # One that took all the time is told from a Hub that hangs by one more.
        if len(observed) >= (1 if described else 2) and time.monotonic() > limit:
            break
        try:
            seen = observe(dataset, endpoint=request["endpoint"], token=request["token"])
        except CodedError as error:
            if described:
                break
            if error.code == "HubRateLimitedError":
                raise
            trouble = error
            observed.append([dataset, None, None])
        else:
            described = True
            observed.append([dataset, seen.visibility, seen.revision])
    if trouble is not None and not described and len(observed) > 1:
        raise trouble
    return {"datasets": observed}


def _read_split(request: dict[str, Any], decoder: socket.socket) -> tuple[dict[str, Any], bytes]:
    def decode(kind: str, data: bytes, name: str | None) -> dict[str, Any]:
        try:
            wire.send(decoder, {"kind": kind, "name": name}, data)
            decoded, _ = wire.receive(decoder)
        except (OSError, wire.WireError):
            raise _DecoderGone from None
        if "cell_error" in decoded:
            raise CellError(decoded["cell_error"])
        if "disk_error" in decoded:
            raise CodedError("DiskError", "The server could not write a media file to its disk.")
        return decoded

    try:
        page = read_split(
            request["dataset"],
            request["config"],
            request["split"],
            request["revision"],
            endpoint=request["endpoint"],
            token=request["token"],
            limits=Limits(**request["limits"]),
            asset_url=request["asset_url"],
            staging=Path(request["staging"]),
            decode=decode,
            max_size_fallback=request["max_size_fallback"],
            sizes=request["sizes"],
            plan=request["plan"],
        )
    except RevisionGone:
        now = observe(request["dataset"], endpoint=request["endpoint"], token=request["token"])
        if now.revision == request["revision"] and now.visibility in _VISIBLE:
            message = "The Hub says both that the revision is there and that it isn't. It is tried again in a moment."
            raise CodedError("HfHubError", message) from None
        raise
    return {
        "features_span": page.features_span,
        "row_offsets": page.row_offsets,
        "asset_ends": page.asset_ends,
        "num_rows_total": page.num_rows_total,
        "partial": page.partial,
    }, page.body
