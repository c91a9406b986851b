"""nginx in front of the stack keeps what the api promises: what it sends, what it caches, what it logs."""

import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from stack import reverse_proxy

from e2e.stack_process import ROOT, eventually
from verify.conftest import ProxiedStack
from verify.programs import run
from verify.proxies import raw_answer

SAMPLE = {"dataset": "samples/bakery-sales", "config": "default", "split": "train"}
PICTURES = {"dataset": "samples/captioned-shapes", "config": "default", "split": "train"}
CODINGS = ["gzip", "identity"]
ME = {"Authorization": "Bearer hf_me"}


def test_nginx_takes_the_template_as_the_image_renders_it(tmp_path: Path) -> None:
    settings = reverse_proxy.defaults() | {"PROXY_DIRECTORY": str(tmp_path), "PROXY_API": "127.0.0.1:8000"}
    template = reverse_proxy.TEMPLATE.read_text()
    assert set(re.findall(r"\$\{(\w+)\}", template)) == settings.keys()
    names = " ".join(f"${{{name}}}" for name in settings)
    environment = {**os.environ, **settings}
    rendered = subprocess.run(
        ["envsubst", names], input=template, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert rendered == reverse_proxy.render(settings)
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(rendered)
    tested = run(["nginx", "-e", "stderr", "-t", "-c", str(configuration)])
    assert (tested.returncode, "warn" in tested.stderr) == (0, False), tested.stderr


@pytest.mark.timeout(1800)
def test_all_end_to_end_tests_pass_through_it(tmp_path: Path) -> None:
    environment = {**os.environ, "REVERSE_PROXY": "nginx"}
    command = [sys.executable, "-m", "pytest", "-q", f"--basetemp={tmp_path / 'e2e'}", "e2e"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-6000:]
    stacks = list(tmp_path.glob("e2e/*/data/logs"))
    assert stacks
    assert all((logs / "reverse-proxy.log").stat().st_size for logs in stacks)


def asked(stack: ProxiedStack, path: str, parameters: dict[str, str], **headers: str) -> tuple[Any, dict[str, Any]]:
    """An answer, and what nginx logged of the request."""
    identity = uuid.uuid4().hex
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    # The query of a path stays as it is, where there are no others.
    answer = stack.http.get(path, params=parameters or None, headers={**sent, "X-Request-Id": identity})
    assert answer.headers.get_list("X-Request-Id") == [identity]
    return answer, logged_of(stack, identity)


def logged_of(stack: ProxiedStack, request_id: str) -> dict[str, Any]:
    (line,) = eventually(lambda: [line for line in stack.request_lines() if line["request_id"] == request_id])
    return line


def fresh(stack: ProxiedStack, names: dict[str, str]) -> None:
    eventually(lambda: stack.rows(**names, token="hf_me"))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("headers", [{}, ME], ids=["nobody", "me"])
def test_a_public_answer_comes_from_the_cache_only_after_the_api_said_that_it_is_unchanged(
    stack: ProxiedStack, coding: str, headers: dict[str, str]
) -> None:
    fresh(stack, SAMPLE)
    names = {**SAMPLE, "of": uuid.uuid4().hex}
    first, logged = asked(stack, "/first-rows", names, Accept_Encoding=coding, **headers)
    assert (logged["cache"], logged["upstream_status"]) == ("MISS", "200")
    again, logged = asked(stack, "/first-rows", names, Accept_Encoding=coding)
    assert (logged["cache"], logged["upstream_status"], logged["status"]) == ("REVALIDATED", "304", 200)
    (told,) = eventually(lambda: [line for line in stack.log("api") if of_request(line, logged)])
    assert told["status"] == 304
    assert again.json() == first.json() == stack.first_rows(**SAMPLE).json()
    assert again.headers.get("Content-Encoding", "identity") == coding
    for header in ("ETag", "Cache-Control", "X-Revision", "Content-Type", "Vary", "X-Content-Type-Options"):
        assert again.headers[header] == first.headers[header]
    for name in first.headers:
        assert not name.lower().startswith("x-accel")


def of_request(line: dict[str, Any], logged: dict[str, Any]) -> bool:
    return line.get("action") == "request" and line["request_id"] == logged["request_id"]


def test_who_has_the_answer_is_told_so_and_gets_no_part_of_it(stack: ProxiedStack) -> None:
    fresh(stack, SAMPLE)
    tag = stack.first_rows(**SAMPLE).headers["ETag"]
    for _ in range(2):
        same, _ = asked(stack, "/first-rows", SAMPLE, If_None_Match=f'"other", {tag}')
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
        whole, _ = asked(stack, "/first-rows", SAMPLE, Range="bytes=0-1")
        assert (whole.status_code, whole.json()) == (200, stack.first_rows(**SAMPLE).json())


def test_a_cached_answer_is_said_to_be_stale_as_soon_as_the_api_knows(stack: ProxiedStack) -> None:
    fresh(stack, SAMPLE)
    known = stack.first_rows(**SAMPLE)
    webhook = stack.webhook_headers
    with stack.stopped("-m worker"):
        update = {"update": f"datasets/{SAMPLE['dataset']}"}
        stack.http.post("/webhook", json=update, headers=webhook).raise_for_status()
        for _ in range(2):
            stale = stack.first_rows(**SAMPLE)
            assert (stale.json(), stale.headers["X-Cache"]) == (known.json(), "stale")
    fresh(stack, SAMPLE)


def set_visibility(stack: ProxiedStack, dataset: str, visibility: str) -> None:
    address = f"/api/datasets/{dataset}/settings"
    stack.hub.put(address, json={"visibility": visibility}, headers=ME).raise_for_status()


@pytest.mark.parametrize("coding", CODINGS)
def test_what_goes_private_while_it_is_cached_is_gone_at_the_next_request(stack: ProxiedStack, coding: str) -> None:
    names = {"dataset": f"me/closing-{coding}", "config": "default", "split": "train"}
    folder = stack.datasets / names["dataset"]
    folder.mkdir(parents=True)
    (folder / "data.csv").write_text("secret\n" + "yes\n" * 50)
    fresh(stack, names)
    asked(stack, "/first-rows", names, Accept_Encoding=coding)
    answer, logged = asked(stack, "/first-rows", names, Accept_Encoding=coding)
    tag = answer.headers["ETag"]
    assert logged["cache"] == "REVALIDATED"
    set_visibility(stack, names["dataset"], "private")
    # First a moment after the change, then with what the owner's answer may have left behind.
    for _ in range(2):
        for headers in ({}, {"If_None_Match": tag}, {"If_None_Match": "*"}, {"Range": "bytes=0-9"}):
            refused, logged = asked(stack, "/first-rows", names, Accept_Encoding=coding, **headers)
            assert (refused.status_code, logged["upstream_status"]) == (401, "401")
            assert list(refused.json()) == ["error"]
        stranger, _ = asked(stack, "/first-rows", names, Accept_Encoding=coding, Authorization="Bearer hf_stranger")
        assert stranger.status_code == 404
        fresh(stack, names)
        mine, logged = asked(stack, "/first-rows", names, Accept_Encoding=coding, **ME)
        assert (mine.status_code, logged["upstream_status"], "ETag" in mine.headers) == (200, "200", False)
        assert mine.headers["Cache-Control"] == "private, no-store"


def sources(stack: ProxiedStack, names: dict[str, str]) -> list[str]:
    fresh(stack, names)
    rows = stack.rows(**names, token="hf_me")
    return [cell["src"] for row in rows for cell in row.values() if isinstance(cell, dict)]


def file_of(stack: ProxiedStack, source: str) -> bytes:
    return (stack.directory / source.split("?")[0].lstrip("/")).read_bytes()


@pytest.mark.parametrize(
    ("names", "tagged"), [(PICTURES, True), ({**PICTURES, "dataset": "acme/private-notes"}, False)]
)
def test_nginx_sends_a_media_file_or_the_part_that_is_asked_for(
    stack: ProxiedStack, names: dict[str, str], tagged: bool
) -> None:
    source = sources(stack, names)[0]
    content = file_of(stack, source)
    end = len(content)
    for given, status, sent, part in (
        ({}, 200, content, None),
        ({"Range": "bytes=2-4"}, 206, content[2:5], f"bytes 2-4/{end}"),
        ({"Range": "bytes=7-"}, 206, content[7:], f"bytes 7-{end - 1}/{end}"),
        ({"Range": "bytes=-3"}, 206, content[-3:], f"bytes {end - 3}-{end - 1}/{end}"),
        ({"Range": "bytes=0-1,4-5"}, 200, content, None),
        ({"Range": "bytes=5-2"}, 200, content, None),
        ({"Range": f"bytes={end}-"}, 416, b"", f"bytes */{end}"),
        ({"Range": "bytes=0-1", "If_Range": '"other"'}, 200, content, None),
        ({"If_Match": '"other"'}, 200, content, None),
    ):
        answer, logged = asked(stack, source, {}, **given)
        assert (answer.status_code, answer.content, answer.headers.get("Content-Range")) == (status, sent, part), given
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert ("ETag" in answer.headers) is tagged
        assert ("private" in answer.headers["Cache-Control"]) is not tagged
        assert logged["cache"] == ""
    # It was nginx that read the file: its api sent nothing.
    whole, logged = asked(stack, source, {})
    assert whole.headers["Content-Type"].startswith("image/")
    (told,) = eventually(lambda: [line for line in stack.log("api") if of_request(line, logged)])
    assert (told["status"], told["bytes"], logged["bytes"] > end) == (200, 0, True)
    if tagged:
        tag = whole.headers["ETag"]
        part, _ = asked(stack, source, {}, Range="bytes=0-1", If_Range=tag)
        assert (part.status_code, part.content) == (206, content[:2])
        assert asked(stack, source, {}, If_None_Match=tag)[0].status_code == 304


def test_a_media_file_of_a_dataset_that_went_is_refused(stack: ProxiedStack) -> None:
    private = {**PICTURES, "dataset": "me/leaving"}
    shutil.copytree(stack.datasets / PICTURES["dataset"], stack.datasets / private["dataset"])
    source = sources(stack, private)[0]
    assert stack.get(source).status_code == 200
    set_visibility(stack, private["dataset"], "private")
    refused, _ = asked(stack, source, {})
    assert (refused.status_code, list(refused.json())) == (401, ["error"])
    signed = eventually(lambda: [url for url in sources(stack, private) if "signature=" in url])[0]
    assert stack.get(signed).status_code == 200
    for altered in (signed.split("?")[0], signed.replace("signature=", "signature=A"), signed.split("&")[0]):
        refused, _ = asked(stack, altered, {}, **ME)
        assert (refused.status_code, refused.headers["X-Error-Code"]) == (403, "AssetForbidden")
    content = file_of(stack, signed)
    where = stack.directory / signed.split("?")[0].lstrip("/")
    removed = {"name": private["dataset"], "type": "dataset"}
    stack.hub.request("DELETE", "/api/repos/delete", json=removed, headers=ME).raise_for_status()
    # The signature holds for an hour, and the dataset's end sooner.
    eventually(lambda: stack.get(signed).status_code in (403, 404))
    # Though there is such a file again.
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_bytes(content)
    inside = f"/internal{signed.split('?')[0]}"
    for url in (signed, source, inside, f"/{inside}", inside.replace("/assets/", "/x/../assets/")):
        refused, _ = asked(stack, url, {})
        assert refused.status_code in (401, 403, 404)
        assert list(refused.json()) == ["error"]


def test_no_line_of_the_log_has_a_secret_and_each_is_json(stack: ProxiedStack) -> None:
    signed = sources(stack, {**PICTURES, "dataset": "acme/private-notes"})[0]
    signature = signed.split("signature=")[1]
    for url in (signed, signed.replace("/assets/", "//assets/"), signed.replace("/--/", "/--/x"), f"/x?{signed}"):
        asked(stack, url, {}, Cookie="token=hf_me", X_Api_Key="hf_me", **ME)
    odd = 'GET /nothing/"\\%22ä?token=hf_me HTTP/1.1\r\nHost: "a\r\nReferer: "hf_me\r\nX-Request-Id: "}\r\n\r\n'
    status, headers, _ = raw_answer(stack.port, odd.encode())
    logged = logged_of(stack, headers["X-Request-Id"])
    assert (status, logged["status"], logged["method"], logged["client"]) == (404, 404, "GET", "127.0.0.1")
    assert logged["path"] == '/nothing/"\\%22'
    assert all(line["service"] == "reverse-proxy" and line["request_id"] for line in stack.request_lines())
    text = (stack.directory / "logs" / "reverse-proxy.log").read_text()
    assert text.count("\n") > 5
    for secret in (signature, "hf_me", stack.webhook_headers["X-Webhook-Secret"]):
        assert secret not in text
