"""From a push to its preview, beside a fresh script that streams the same rows.

The clock starts when the api receives the webhook, as its own log says, and stops when `/first-rows` answers 200 for
the pushed revision. The script's time is that of its whole process, as somebody who wants to see the rows waits for it.
"""

import argparse
import time
from datetime import datetime
from pathlib import Path

import httpx2
import orjson
from huggingface_hub import HfApi

from bench.fresh_script import ROWS, fresh_script
from bench.running_stack import RunningStack, running_stack
from bench.table import seconds_table

_LIMIT_SECONDS = 60.0
_POLL_SECONDS = 0.01


def main(arguments: list[str]) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench push", description=__doc__)
    parser.add_argument("--pushes", type=int, default=30, help="default: 30")
    pushes = parser.parse_args(arguments).pushes
    with running_stack() as stack:
        ours, script = [], []
        # The first push pays for what a process does once.
        _push_to_preview(stack, "me/warm-up")
        for number in range(pushes):
            name = f"me/push-{number}"
            ours.append(_push_to_preview(stack, name))
            script.append(fresh_script(stack, name))
    print(f"A new dataset of one CSV file with {ROWS} rows, {pushes} pushes on an idle system.")
    print(
        seconds_table({"webhook received to /first-rows 200": ours, "fresh `python -c` that streams the rows": script})
    )


def _push_to_preview(stack: RunningStack, name: str) -> float:
    table = "number,square\n" + "".join(f"{number},{number * number}\n" for number in range(ROWS))
    api = HfApi(stack.hub, token="hf_me")  # noqa: S106
    folder = stack.datasets / name
    begun = time.time()
    staged = stack.data / "staged"
    staged.mkdir(exist_ok=True)
    (staged / "data.csv").write_text(table)
    folder.parent.mkdir(exist_ok=True)
    staged.rename(folder)
    with httpx2.Client(base_url=stack.api) as client:
        deadline = time.monotonic() + _LIMIT_SECONDS
        where = {"dataset": name, "config": "default", "split": "train"}
        while client.get("/first-rows", params=where).status_code != 200:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} has no preview after {_LIMIT_SECONDS} s")
            time.sleep(_POLL_SECONDS)
        seen = time.time()
    assert api.dataset_info(name).sha
    return seen - _webhook_received(stack.data / "logs" / "api.log", begun)


def _webhook_received(log: Path, since: float) -> float:
    """When the api received the first webhook after `since`, in seconds of the epoch."""
    for line in log.read_bytes().splitlines():
        if b'"/webhook"' not in line:
            continue
        entry = orjson.loads(line)
        received: float = datetime.fromisoformat(entry["timestamp"]).timestamp() - entry["seconds"]
        if received >= since:
            return received
    raise RuntimeError("the api's log has no webhook")
