"""The log line of each request, in the form of the other log lines."""

from datetime import UTC, datetime
from typing import Any

import orjson

from api.log_writer import LogWriter


class AccessLog:
    """Lines of JSON for a writer, without the library's way of making them, which takes longer than a short answer."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def note(self, fields: dict[str, Any]) -> None:
        """Adds a line."""
        line = {
            "service": "api",
            "action": "request",
            **fields,
            "event": "request",
            "level": "info",
            "timestamp": datetime.now(UTC),
        }
        self._writer.add(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
