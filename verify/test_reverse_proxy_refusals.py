"""What nginx doesn't let through, it says in the words of the API."""

import http.client
import json
import socket
from email.message import Message
from pathlib import Path

import pytest

from e2e.stack_process import eventually, free_port
from verify.conftest import ProxiedStack
from verify.proxies import raw_answer, running_proxy

SAMPLE = {"dataset": "samples/bakery-sales", "config": "default", "split": "train"}
HOST = "Host: 127.0.0.1\r\n"


def get(port: int, path: str, headers: str = "", method: str = "GET") -> tuple[int, Message, bytes]:
    """The answer at exactly this path."""
    return raw_answer(port, f"{method} {path} HTTP/1.1\r\n{HOST}{headers}\r\n".encode())


def is_refusal(answer: tuple[int, Message, bytes], status: int, code: str) -> bool:
    got, headers, body = answer
    assert headers["Content-Type"] == "application/json"
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "private, no-store")
    assert len(headers.get_all("X-Request-Id", [])) == 1
    assert list(json.loads(body)) == ["error"]
    return (got, headers["X-Error-Code"]) == (status, code)


@pytest.mark.parametrize("name", ["metrics", "admin"])
@pytest.mark.parametrize(
    "path",
    ["/{0}", "/{0}?x=1", "/{0}/", "/{0}/x", "//{0}", "/{1}", "/{2}", "/{2}/", "/./{0}", "/x/../{0}", "/splits/..%2f{0}"]
    + ["/{0}%2f", "/{0}%3fx=1", "/{0};x", "/{0}%20", "/%2e/{0}", "http://127.0.0.1/{0}", "/{0}#x", "/%252f{0}"],
)
def test_what_is_for_the_inside_is_not_there_however_it_is_written(stack: ProxiedStack, name: str, path: str) -> None:
    written = path.format(name, f"%{ord(name[0]):x}{name[1:]}", name.upper())
    status, headers, body = get(stack.port, written)
    assert (status, headers["X-Error-Code"]) == (404, "NotFound")
    assert list(json.loads(body)) == ["error"]


def test_inside_there_are_metrics_and_the_admin_service(stack: ProxiedStack) -> None:
    # Else the test above would show nothing.
    assert get(stack.api_port, "/metrics")[0] == 200
    assert get(stack.admin_port, "/admin")[0] == 401
    assert is_refusal(get(stack.port, "/admin"), 404, "NotFound")
    assert is_refusal(get(stack.port, "/metrics"), 404, "NotFound")
    assert is_refusal(get(stack.port, "/metrics", method="POST"), 404, "NotFound")


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (f"GET /splits?x={'x' * 9000} HTTP/1.1\r\n{HOST}\r\n", 400, "BadRequest"),
        (f"GET /splits HTTP/1.1\r\n{HOST}X-Long: {'x' * 9000}\r\n\r\n", 400, "BadRequest"),
        (f"GET /%2e%2e/etc/passwd HTTP/1.1\r\n{HOST}\r\n", 400, "BadRequest"),
        (f"GET /splits%00 HTTP/1.1\r\n{HOST}\r\n", 400, "BadRequest"),
        (f"GET /splits?dataset=ä/b HTTP/1.1\r\n{HOST}\r\n", 400, "BadRequest"),
        (f"GET /assets/ä?x HTTP/1.1\r\n{HOST}\r\n", 404, "NotFound"),
        (f"GET /docs HTTP/1.1\r\n{HOST}If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT\r\n\r\n", 400, "BadRequest"),
        (f"GET /docs HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip\r\n\r\n", 400, "BadRequest"),
        (f"GET /docs HTTP/9.9\r\n{HOST}\r\n", 400, "BadRequest"),
        ("GET /splits HTTP/1.1\r\n\r\n", 400, "BadRequest"),
        ("GET /splits HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "BadRequest"),
        (f"POST /webhook HTTP/1.1\r\n{HOST}Content-Length: x\r\n\r\n", 400, "BadRequest"),
        (f"nonsense\r\n{HOST}\r\n", 400, "BadRequest"),
        (f"TRACE /splits HTTP/1.1\r\n{HOST}\r\n", 405, "MethodNotAllowed"),
        (f"BREW /splits HTTP/1.1\r\n{HOST}\r\n", 405, "MethodNotAllowed"),
        (f"GET /internal/error HTTP/1.1\r\n{HOST}\r\n", 404, "NotFound"),
        (f"GET /internal/assets/x HTTP/1.1\r\n{HOST}\r\n", 404, "NotFound"),
        (f"POST /webhook HTTP/1.1\r\n{HOST}Content-Length: 1000001\r\n\r\n", 413, "PayloadTooLarge"),
        (
            f"POST /webhook HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\nf4241\r\n{' ' * 1000001}\r\n0\r\n\r\n",
            413,
            "PayloadTooLarge",
        ),
    ],
)
def test_what_is_malformed_or_too_large_is_refused_in_json(
    stack: ProxiedStack, request_: str, status: int, code: str
) -> None:
    assert is_refusal(raw_answer(stack.port, request_.encode()), status, code)


def test_a_host_that_a_client_makes_up_is_in_no_answer(stack: ProxiedStack) -> None:
    path = "/first-rows?" + "&".join(f"{name}={value}" for name, value in SAMPLE.items())
    eventually(lambda: stack.rows(**SAMPLE))
    known = stack.first_rows(**SAMPLE)
    made_up = "".join(f"X-{name}: evil.example\r\n" for name in ("Forwarded-Host", "Original-URL", "Rewrite-URL"))
    for host in ("evil.example", "evil.example:1", "127.0.0.1"):
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{made_up}\r\n"
        status, headers, body = raw_answer(stack.port, request.encode())
        assert (status, json.loads(body)) == (200, known.json())
        assert "evil" not in str(headers)


def test_headers_that_do_not_end_are_not_waited_for(stack: ProxiedStack) -> None:
    with socket.create_connection(("127.0.0.1", stack.port), timeout=0.5) as connection:
        connection.sendall(b"GET /splits HTTP/1.1\r\n")

        def is_closed() -> bool:
            try:
                # A header every half a second, and never the last.
                connection.sendall(b"X-More: 1\r\n")
                return connection.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        eventually(is_closed)


@pytest.fixture
def api(stack: ProxiedStack) -> dict[str, str]:
    """The settings of another nginx in front of the same api."""
    return {"PROXY_API": f"127.0.0.1:{stack.api_port}"}


def test_too_many_requests_of_one_client_are_refused(api: dict[str, str], tmp_path: Path) -> None:
    limits = {"PROXY_CLIENT_REQUESTS_PER_SECOND": "1", "PROXY_CLIENT_BURST": "3"}
    with running_proxy(tmp_path, **api, **limits) as port:
        # Whatever the client says that it is.
        answers = [get(port, "/healthcheck", f"X-Forwarded-For: 10.0.0.{n}\r\n") for n in range(20)]
        assert answers[0][0] == 200
        refused = [answer for answer in answers if answer[0] != 200]
        assert refused
        assert all(is_refusal(answer, 429, "TooManyRequests") for answer in refused)
        assert all(answer[1]["Retry-After"] == "1" for answer in refused)


def test_clients_behind_a_proxy_of_ours_are_told_apart(api: dict[str, str], tmp_path: Path) -> None:
    limits = {"PROXY_CLIENT_REQUESTS_PER_SECOND": "1", "PROXY_CLIENT_BURST": "1"}
    with running_proxy(tmp_path, PROXY_TRUSTED_NETWORK="127.0.0.0/8", **api, **limits) as port:
        for n in range(20):
            address = f"2001:db8:0:{n:x}::1" if n % 2 else f"10.0.0.{n}"
            assert get(port, "/healthcheck", f"X-Forwarded-For: {address}\r\n")[0] == 200
        # An IPv6 client is its network.
        network = [get(port, "/healthcheck", f"X-Forwarded-For: 2001:db8:1:1::{n:x}\r\n")[0] for n in range(20)]
        assert 429 in network


def test_the_api_learns_who_asks_and_nothing_that_a_client_makes_up_about_it(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as upstream,
        running_proxy(tmp_path, PROXY_API=f"127.0.0.1:{upstream.getsockname()[1]}") as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as client,
    ):
        made_up = "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\nX-Request-Id: not one\r\n"
        client.sendall(f"GET /splits HTTP/1.1\r\n{HOST}{made_up}Authorization: Bearer hf_me\r\n\r\n".encode())
        upstream.settimeout(30)
        with upstream.accept()[0] as connection, connection.makefile("rb") as received:
            assert received.readline() == b"GET /splits HTTP/1.1\r\n"
            headers = http.client.parse_headers(received)
    assert headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
    assert len(headers["X-Request-Id"]) == 32
    assert headers["Authorization"] == "Bearer hf_me"


def test_too_many_connections_of_one_client_are_refused(api: dict[str, str], tmp_path: Path) -> None:
    with running_proxy(tmp_path, PROXY_CLIENT_CONNECTIONS="1", **api) as port:
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            waiting.sendall(f"POST /webhook HTTP/1.1\r\n{HOST}Content-Length: 10\r\n\r\n".encode())
            refused = eventually(lambda: answer if (answer := get(port, "/healthcheck"))[0] != 200 else None)
            assert refused is not None
            assert is_refusal(refused, 429, "TooManyRequests")
        eventually(lambda: get(port, "/healthcheck")[0] == 200)


def test_an_api_that_is_not_there_is_said_in_json(tmp_path: Path) -> None:
    with running_proxy(tmp_path, PROXY_API=f"127.0.0.1:{free_port()}") as port:
        for path in ("/healthcheck", "/splits?dataset=a/b", "/assets/a/b/--/1/2/0123456789abcdef.png"):
            answer = get(port, path)
            assert is_refusal(answer, 503, "ServiceUnavailable")
            assert answer[1]["Retry-After"] == "5"
