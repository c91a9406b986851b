"""What the Hub served since it started: requests, and bytes of the bodies of its answers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Traffic:
    """Counts `requests` as they come in, and `bytes` as they are sent: of a body that is cut, the part that was."""

    def __init__(self) -> None:
        self.requests = 0
        self.bytes = 0

    def around(self, app: ASGIApp) -> ASGIApp:
        """`app`, counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            self.requests += 1

            async def send_counted(message: Message) -> None:
                await send(message)
                # An answer to HEAD may have a body here; the server leaves it out.
                if message["type"] == "http.response.body" and scope["method"] != "HEAD":
                    self.bytes += len(message.get("body", b""))

            await app(scope, receive, send_counted)

        return counted
