"""Keeps what a job asks over the network to the configured Hub, and to where the Hub itself sends it.

A README, a cell or a CSV may hold any URL, and the libraries that read them know how to fetch one. Checks of paths come
first (`confinement`); this holds below them, for whatever connects by Python's sockets in this process: a hook of the
interpreter (PEP 578), which can't be taken out again.
"""

import ipaddress
import os
import socket
import sys
from collections import Counter
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2
import huggingface_hub
from huggingface_hub.utils._http import hf_request_event_hook

from reader import http
from reader.confinement import OutsideDatasetError

_PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]
_PORTS = {"http": 80, "https": 443}
_NAMES = {"socket.gethostbyname", "socket.gethostbyaddr"}
_ADDRESSES = {"socket.connect", "socket.sendto", "socket.sendmsg"}

_Place = tuple[str, int]


_statuses: Counter[str] = Counter()
_NO_ANSWER = "none"


def requests() -> dict[str, int]:
    """How many requests this process has made through `huggingface_hub`, by the status of the answer; `none` are those
    that got no answer.
    """
    return {status: count for status, count in _statuses.items() if count}


def allow_only(endpoint: str) -> None:
    """From now on this process connects to the Hub at `endpoint`, to where its answers redirect, and to nothing else.

    The proxies of the environment count as the Hub: they are the operator's, and no URL is handed to one that doesn't
    lead to an allowed place. What tries to go elsewhere gets an `OutsideDatasetError`.
    """
    gate = _Gate(urlsplit(endpoint))
    resolve = socket.getaddrinfo

    def resolve_allowed(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        found = resolve(host, port, *args, **kwargs)  # the hook has looked at it
        gate.addresses |= {address[4][:2] for address in found}
        return found

    socket.getaddrinfo = resolve_allowed
    sys.addaudithook(gate.look)
    huggingface_hub.set_client_factory(gate.client)


class _Gate:
    """The places that may be connected to by name, and the addresses that these names had when they were looked up."""

    def __init__(self, hub: SplitResult) -> None:
        self._hub = hub.hostname
        self._places: set[_Place] = set()
        self.addresses: set[tuple[Any, ...]] = set()
        self._allow(hub)
        self._urls = set(self._places)
        for name in _PROXIES:
            if os.environ.get(name):
                self._allow(urlsplit(os.environ[name]))

    def look(self, event: str, args: tuple[Any, ...]) -> None:
        """The hook: the interpreter calls it before it acts."""
        if event == "socket.getaddrinfo":
            self._check(_place(args[0], args[1]) in self._places, args[0])
        elif event in _NAMES:
            self._check(any(_text(args[0]) == host for host, _ in self._places), args[0])
        elif event in _ADDRESSES:
            # Without an address it goes where the socket is connected to.
            self._check(args[1] is None or args[1][:2] in self.addresses, args[1])
        elif event == "urllib.Request":
            self._check(_place_of(urlsplit(args[0])) in self._urls, urlsplit(args[0]).hostname)

    def client(self) -> httpx2.Client:
        """The client for `huggingface_hub`: it asks no other place, and learns where the Hub redirects to."""
        hooks: http.Hooks = {"request": [self._check_request, hf_request_event_hook], "response": [self._learn]}
        return httpx2.Client(**http.options(hooks))

    def _check_request(self, request: httpx2.Request) -> None:
        self._check(_place_of(urlsplit(str(request.url))) in self._urls, request.url.host)
        _statuses[_NO_ANSWER] += 1

    def _learn(self, response: httpx2.Response) -> None:
        _statuses.update({_NO_ANSWER: -1, str(response.status_code): 1})
        if response.has_redirect_location and response.url.host == self._hub:
            target = urlsplit(urljoin(str(response.url), response.headers["Location"]))
            self._allow(target)
            self._urls.add(_place_of(target))

    def _allow(self, url: SplitResult) -> None:
        host, port = place = _place_of(url)
        self._places.add(place)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        # Some don't look up what is an address already.
        self.addresses.add((host, port))

    def _check(self, allowed: bool, where: object) -> None:
        if not allowed:
            raise OutsideDatasetError(f"'{where}' is not the Hub, and nothing is fetched from elsewhere")


def _place_of(url: SplitResult) -> _Place:
    return _place(url.hostname, url.port or _PORTS.get(url.scheme, 0))


def _place(host: object, port: object) -> _Place:
    return _text(host), int(_text(port)) if _text(port).isdecimal() else _PORTS.get(_text(port), 0)


def _text(given: object) -> str:
    return (given.decode("ascii", "replace") if isinstance(given, bytes) else str(given)).lower()
