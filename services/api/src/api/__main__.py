"""`python -m api`: serves until SIGTERM. Exit code 2: a setting is wrong; 1: something it needs isn't there."""

import os
import secrets
import sys
from contextlib import nullcontext

import structlog
from libcommon.logs import configure_logging

from api.metrics_folder import metrics_folder
from api.server import allow_many_connections, listen
from api.settings import ApiSettings

# After the drain, for what has to be closed.
_CLOSING_SECONDS = 10


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
    if settings.hf_webhook_secret is None:
        logger.warning("HF_WEBHOOK_SECRET is not set: anybody may send webhooks", action="open_webhook")
    if settings.assets_signing_keys is None:
        # For all processes that are started here.
        os.environ["ASSETS_SIGNING_KEYS"] = secrets.token_urlsafe(32)
        logger.warning(
            "ASSETS_SIGNING_KEYS is not set: signed URLs of assets are good at this service only, until it stops",
            action="own_signing_key",
        )
    allow_many_connections()
    with listener, metrics_folder() if settings.api_processes > 1 else nullcontext():
        # Only now: the library of the metrics looks for their folder when it is imported.
        from prometheus_client.multiprocess import mark_process_dead

        from api.process import serve
        from api.processes import run_processes

        if settings.api_processes == 1:
            return serve(listener)
        stop_seconds = settings.api_drain_seconds + _CLOSING_SECONDS
        return run_processes(
            settings.api_processes, serve, listener, stop_seconds=stop_seconds, on_end=mark_process_dead
        )


if __name__ == "__main__":
    sys.exit(main())
