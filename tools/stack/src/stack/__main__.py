"""`python -m stack`: the whole system on this machine, until SIGTERM or Ctrl-C."""

import os
import sys

from stack import directory, mongo
from stack.announcement import announcement
from stack.errors import StackError
from stack.logs import Console
from stack.programs import programs
from stack.settings import Settings
from stack.supervisor import Supervisor


def main() -> int:
    console = Console()
    try:
        settings = Settings.from_environment(os.environ)
        with directory.held(settings.data_directory):
            run(settings, console)
    except StackError as error:
        console.close()
        print(f"stack: {error}", file=sys.stderr)
        return 1
    console.say("stack | everything is stopped")
    console.close()
    return 0


def run(settings: Settings, console: Console) -> None:
    """Returns when the user stopped it; raises `StackError` when it can't run."""
    if settings.mongo_url is not None:
        mongo_server = mongo.reachable_hosts(settings.mongo_url)
        console.say(f"stack | Mongo: {mongo_server} (MONGO_URL)")
    else:
        mongo_server = mongo.choose_server(settings.mongo_server)
        instead = "" if mongo_server == settings.mongo_server else f" ({settings.mongo_server} can't run here)"
        console.say(f"stack | Mongo: {mongo_server}{instead}")
    datasets_directory = settings.datasets_directory or settings.data_directory / "datasets"
    if settings.hub_endpoint is not None:
        console.say(f"stack | Hub: {settings.hub_endpoint} (HF_ENDPOINT)")
    elif settings.datasets_directory is None and directory.fill_with_samples(datasets_directory):
        console.say(f"stack | copied the sample datasets to {datasets_directory}")
    secrets = directory.read_secrets(settings.data_directory)
    stages = programs(settings, secrets, mongo_server, datasets_directory, os.environ)
    Supervisor(stages, settings.data_directory / "logs", console).run(announcement(settings))


if __name__ == "__main__":
    sys.exit(main())
