"""An S3 server in a process of its own, with one bucket; it keeps everything in memory. For tests."""

import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import quote

from stack.mongo import free_port, listens
from stack.spawn import spawn, stop, wait_until

BUCKET = "bucket-of-tests"
_START_SECONDS, _STOP_SECONDS = 30.0, 10.0
# What counts is that there is one.
_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=tests/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none"
)


@dataclass(frozen=True)
class S3:
    """The server at a port of this machine; `process` is its own. With TLS, `authority` vouches for its certificate."""

    port: int
    process: "subprocess.Popen[bytes]"
    authority: Path | None = None

    def settings(self, prefix: str) -> dict[str, str]:
        """The environment variables of who has their files below a prefix of the bucket."""
        return {
            "ASSETS_STORAGE": f"s3://{BUCKET}/{prefix}",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "of tests only",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": f"http{'s' if self.authority else ''}://127.0.0.1:{self.port}",
        }

    def keys(self, prefix: str = "") -> list[str]:
        """The keys of all objects that begin so."""
        found: list[str] = []
        after = ""
        while True:
            text = self._ask("GET", f"?list-type=2&prefix={quote(prefix)}&start-after={quote(after)}")
            page = [unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", text.decode())]
            found += page
            if not page:
                return found
            after = page[-1]

    def read(self, key: str) -> bytes:
        """The content of an object."""
        return self._ask("GET", f"/{quote(key)}")

    def write(self, key: str, content: bytes) -> None:
        """Makes an object."""
        self._ask("PUT", f"/{quote(key)}", content)

    def remove(self, key: str) -> None:
        """Removes an object."""
        self._ask("DELETE", f"/{quote(key)}")

    def make_bucket(self) -> None:
        """Makes the bucket."""
        self._ask("PUT", "")

    def _ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        if self.authority is not None:
            context = ssl.create_default_context(cafile=self.authority)
            connection = HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        try:
            connection.request(method, f"/{BUCKET}{path}", body, {"Authorization": _AUTHORIZATION})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"the S3 server answers {answer.status} to {method} {path}: {content!r}")
        return content


@contextmanager
def running_s3(port: int | None = None, certificate: tuple[Path, Path] | None = None) -> Iterator[S3]:
    """Runs one for the time of a `with` block, on a free port unless it is told one; with a certificate that vouches
    for itself, and its key, by TLS.

    Raises RuntimeError when it doesn't start.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    if certificate is not None:
        command += ["--ssl-cert", str(certificate[0]), "--ssl-key", str(certificate[1])]
    process = spawn(command, output=subprocess.DEVNULL)
    try:
        if not wait_until(lambda: process.poll() is not None or listens(port), _START_SECONDS) or process.poll():
            raise RuntimeError("the S3 server did not start")
        s3 = S3(port, process, certificate and certificate[0])
        s3.make_bucket()
        yield s3
    finally:
        stop(process, _STOP_SECONDS)
