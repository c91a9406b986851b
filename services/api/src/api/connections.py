"""A client's connection: uvicorn's, with an end for each way of holding it open without using it."""

from asyncio import Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

_MAX_HEAD_BYTES = 65_536
# How many requests may wait for the answers to those before them.
_MAX_PIPELINED = 50


class Connection(HttpToolsProtocol):
    """Ends when the head of a request is too long, when a request is not sent to its end, or answers are not read.

    The head of a request is its line and its headers; what surrounds the parts of its body counts for it. Headers that
    come after a body are left out: they would change the request while it is answered. `expire` has to be called now
    and then.
    """

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        # Of the request that is being received.
        self._number = 0
        self._is_in_head = False
        self._head_bytes = 0
        self._body_bytes = 0
        # Since when the client has been awaited: to send the rest of a request, to take the rest of an answer.
        self._awaited_since: float | None = self.loop.time()
        self._taken_at = self.loop.time()
        self._to_take = 0
        self._answering: RequestResponseCycle | None = None
        self._is_refused = False
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._answering is not None and not self._answering.response_complete:
            # uvicorn tells only the last of several.
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._is_refused:
            return
        number, body_bytes, was_awaited = self._number, self._body_bytes, self._awaited_since is not None
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._awaited_since is None:
            if self._is_idle():
                # Nothing of a request, such as an empty line: uvicorn has stopped its own clock.
                self._awaited_since = self.loop.time()
        elif was_awaited and number == self._number:
            # The parser keeps a header until its end, however long it is.
            self._head_bytes += len(data) - (self._body_bytes - body_bytes)
            if self._head_bytes > _MAX_HEAD_BYTES:
                self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """See `httptools.HttpRequestParser`."""
        self._number += 1
        self._is_in_head = True
        self._head_bytes = self._body_bytes = 0
        self._awaited_since = self.loop.time()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See `httptools.HttpRequestParser`.

        Raises:
            ValueError: the head is too long, or too many requests wait; the parser makes an error of its own of it.
        """
        self._is_in_head = False
        head_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if head_bytes > _MAX_HEAD_BYTES or len(self.pipeline) >= _MAX_PIPELINED:
            raise ValueError
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See `httptools.HttpRequestParser`."""
        self._awaited_since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """See `HttpToolsProtocol`; where answers to earlier requests are still to come, these are the last."""
        self._is_refused = True
        if self._is_idle():
            super().send_400_response(msg)
        else:
            self.cycle.keep_alive = False

    def expire(self, before: float) -> None:
        """Ends the connection if its client has done nothing that was awaited since before that time of the loop."""
        to_take = self.transport.get_write_buffer_size()
        if to_take != self._to_take or not to_take:
            self._to_take, self._taken_at = to_take, self.loop.time()
        if self._taken_at < before:
            self.transport.abort()
        elif self._awaited_since is not None and self._awaited_since < before:
            self.transport.close()

    def _is_idle(self) -> bool:
        """Whether no request is being answered, or waits for that."""
        return self.cycle is None or self.cycle.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)
