"""GET /healthcheck and /metrics of a worker, from threads beside its loop."""

import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

import orjson
import structlog

from worker.metrics import CONTENT_TYPE
from worker.vitals import Vitals

# Longer than a monitor waits for an answer; then a client that hangs is let go.
_CLIENT_SECONDS = 5.0


def serve(host: str, port: int, vitals: Vitals) -> str:
    """Answers at this address, at a free port for 0, as long as the process lives; returns the URL.

    Raises:
        OSError: the address can't be had.
    """
    server = _Server(host, port, vitals)
    threading.Thread(target=server.serve_forever, name="serving", daemon=True).start()
    return f"http://{f'[{host}]' if ':' in host else host}:{server.server_address[1]}"


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, host: str, port: int, vitals: Vitals) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.vitals = vitals
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that went away is not worth a line.
        if not isinstance(sys.exception(), OSError):
            structlog.get_logger().exception("a bug", action="serve")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _CLIENT_SECONDS
    server_version = "worker"
    sys_version = ""
    error_content_type = "application/json"
    error_message_format = '{"error":"%(explain)s"}'

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/healthcheck":
            turns, report = self.server.vitals.report()
            self._answer(200 if turns else 503, "application/json", orjson.dumps(report))
        elif path == "/metrics":
            self._answer(200, CONTENT_TYPE, self.server.vitals.metrics.text())
        else:
            self.send_error(404)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name it has in the base
        """Nothing: a monitor asks every few seconds."""

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
