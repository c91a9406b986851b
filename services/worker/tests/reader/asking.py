"""A job's child that asks many things: `python asking.py HUB`, a JSON list of [way, URL] in, what came of each out."""

import asyncio
import json
import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import fsspec
import httpx2
import pandas as pd  # type: ignore[import-untyped]
import s3fs
from datasets.utils.file_utils import xopen
from huggingface_hub import get_session
from reader import outbound


def by_socket(url: str) -> object:
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return connection.recv(100)


def by_datagram(url: str) -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        return sender.sendto(b"x", (urlsplit(url).hostname, urlsplit(url).port))


async def _by_asyncio(url: str) -> object:
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    return await reader.read(100)


def by_fsspec(url: str) -> object:
    with fsspec.open(url, "rb") as file:
        return file.read()


def by_datasets(url: str) -> object:
    with xopen(url, "rb") as file:
        return file.read()


WAYS: dict[str, Callable[[str], object]] = {
    "hub": lambda url: get_session().get(url).raise_for_status(),
    "httpx": lambda url: httpx2.get(url).raise_for_status(),
    "urllib": lambda url: urllib.request.urlopen(url, timeout=5).read(),  # noqa: S310
    "pandas": pd.read_csv,
    "socket": by_socket,
    "datagram": by_datagram,
    "asyncio": lambda url: asyncio.run(_by_asyncio(url)),
    "fsspec": by_fsspec,
    "datasets": by_datasets,
    "s3": lambda url: s3fs.S3FileSystem(anon=True, endpoint_url=url).ls("bucket"),
    "lookup": lambda url: socket.getaddrinfo(urlsplit(url).hostname, urlsplit(url).port),
    "old lookup": lambda url: socket.gethostbyname(urlsplit(url).hostname or ""),
}


def outcome(way: str, url: str) -> str:
    try:
        WAYS[way](url)
    except Exception as error:
        return "; of ".join(f"{type(each).__name__}: {each}" for each in causes(error))
    return "done"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it comes of, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


if __name__ == "__main__":
    outbound.allow_only(sys.argv[1])
    asked: list[Any] = json.load(sys.stdin)
    print(json.dumps([outcome(way, url) for way, url in asked]))
