"""`python -m api`: serves until SIGTERM. Exit code 2: a setting is wrong; 1: something it needs isn't there."""

import sys

import structlog
from libcommon.logs import configure_logging
from pymongo.errors import PyMongoError

from api.app import create_app
from api.server import Server, listen
from api.services import Databases
from api.settings import ApiSettings


def main() -> int:
    settings = ApiSettings.from_environment()
    try:
        listener = listen(settings)
    except OSError as error:
        print(
            f"API_HOST, API_PORT: can't listen on {settings.api_host} port {settings.api_port}: {error.strerror}",
            file=sys.stderr,
        )
        return 1
    configure_logging("api", settings.log_level)
    logger = structlog.get_logger()
    try:
        databases = Databases(settings)
    except PyMongoError as error:
        print(f"MONGO_URL: the MongoDB server can't be used ({type(error).__name__})", file=sys.stderr)
        return 1
    if settings.hf_webhook_secret is None:
        logger.warning("HF_WEBHOOK_SECRET is not set: anybody may send webhooks", action="open_webhook")
    host, port = listener.getsockname()[:2]
    logger.info("listening", action="listening", host=host, port=port)
    Server(create_app(settings, databases), settings.api_drain_seconds).run(sockets=[listener])
    logger.info("stopped", action="stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
