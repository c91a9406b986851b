"""What a client sends to the server."""

from typing import Any

from pymongo.monitoring import CommandListener, CommandStartedEvent


class Recorder(CommandListener):
    """Keeps what was sent to the server."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append({"name": event.command_name, **dict(event.command)})

    def succeeded(self, event: object) -> None:
        pass

    def failed(self, event: object) -> None:
        pass
