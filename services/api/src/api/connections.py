"""A client's connection: uvicorn's, with an end for each way of holding it open without using it."""

from asyncio import Transport

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_HEAD_BYTES = 65_536


class Connection(HttpToolsProtocol):
    """Ends when a request's head is too long or too slow, or when its answers are not read.

    The head of a request is its line and its headers. `expire` has to be called now and then.
    """

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        self._head_bytes = 0
        self._head_began: float | None = self.loop.time()
        self._unread_since: float | None = None
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if self._head_began is None or self.transport.is_closing():
            return
        # The parser keeps a header until its end, however long it is.
        self._head_bytes += len(data)
        if self._head_bytes > _MAX_HEAD_BYTES:
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """See `httptools.HttpRequestParser`."""
        self._head_bytes = 0
        self._head_began = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """See `httptools.HttpRequestParser`."""
        self._head_began = None
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._unread_since = None
        super().resume_writing()

    def expire(self, before: float) -> None:
        """Ends the connection if it has been waiting for its client since before that time of the loop."""
        if self.transport.is_closing():
            # What is still to be sent keeps it open, and the client may never take it.
            self._unread_since = self._unread_since or self.loop.time()
        if self._unread_since is not None and self._unread_since < before:
            self.transport.abort()
        elif self._head_began is not None and self._head_began < before:
            self.transport.close()
