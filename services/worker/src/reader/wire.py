"""Messages between the processes of a worker: a JSON object and raw bytes, each behind its length."""

import socket
import struct
from typing import Any

import orjson

_LENGTHS = struct.Struct("!IQ")
# Well above the largest listing and the largest media file; more can only be a confused or hostile peer.
_MAX_BYTES = 512 * 1024 * 1024


class WireError(Exception):
    """The other process is gone or doesn't speak this protocol."""


def send(connection: socket.socket, message: dict[str, Any], data: bytes = b"") -> None:
    """Sends one message.

    Raises:
        OSError: the other process is gone.
    """
    header = orjson.dumps(message)
    connection.sendall(_LENGTHS.pack(len(header), len(data)) + header)
    connection.sendall(data)


class Receiver:
    """Collects the bytes of one message as they come, from a connection that may or may not block."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> tuple[dict[str, Any], bytes] | None:
        """The message, once its last byte is in.

        Raises:
            WireError: these bytes are no message.
        """
        self._buffer += chunk
        if len(self._buffer) < _LENGTHS.size:
            return None
        header_length, data_length = _LENGTHS.unpack_from(self._buffer)
        if header_length + data_length > _MAX_BYTES:
            raise WireError("a message is too long")
        end = _LENGTHS.size + header_length
        if len(self._buffer) < end + data_length:
            return None
        try:
            message = orjson.loads(memoryview(self._buffer)[_LENGTHS.size : end])
        except orjson.JSONDecodeError as error:
            raise WireError("a message is not JSON") from error
        if not isinstance(message, dict):
            raise WireError("a message is not an object")
        return message, bytes(memoryview(self._buffer)[end : end + data_length])


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Waits for one message.

    Raises:
        WireError: the other process is gone, or what it sent is no message.
    """
    receiver = Receiver()
    while True:
        chunk = connection.recv(1 << 20)
        if not chunk:
            raise WireError("the other process is gone")
        message = receiver.feed(chunk)
        if message is not None:
            return message
