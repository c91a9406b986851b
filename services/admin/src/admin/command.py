"""The verbs at the command line: `python -m admin VERB …`, with the settings of the workers in the environment.

Exit code 0: done; 1: nothing was found, or nothing had to be changed; 2: bad usage, or Mongo, the Hub or a folder can't
be used.
"""

import os
import pwd
import socket
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from libcache.settings import AssetsSettings
from libcommon.jsons import dumps
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from tqdm import tqdm

from admin.audit import actor
from admin.backup import BackupSettings, Databases
from admin.desk import Desk
from admin.errors import HubError, NothingError, UsageError
from admin.problems import problem_of
from admin.settings import DeskSettings
from admin.text import plain
from admin.verb import Parameters, Step, Verb, perform
from admin.verbs import VERBS

# As shells have it of a program that SIGINT ended.
_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Does what the arguments say; returns the exit code.

    Raises:
        SystemExit: bad usage or settings, which stderr then explains, or --help.
    """
    given = _parser().parse_args(arguments)
    parser: ArgumentParser = given.parser
    try:
        code: int = given.does(given)
    except ValidationError as error:
        parser.error(problem_of(error))
    except UsageError as error:
        parser.error(str(error))
    except NothingError as error:
        print(error, file=sys.stderr)
        return 1
    except HubError as error:
        print(error, file=sys.stderr)
        return 2
    except PyMongoError as error:
        print(f"MONGO_URL: {_trouble(error)}", file=sys.stderr)
        return 2
    except OSError as error:
        print(": ".join(filter(None, (error.strerror or str(error), error.filename))), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code


def _do_verb(given: Namespace) -> int:
    verb: Verb[Any, Any] = given.verb
    parameters = verb.parameters.model_validate(_values(verb, given))
    desk = Desk(DeskSettings.from_environment(), AssetsSettings.from_environment)
    result = _perform(verb, desk, parameters)
    _write(dumps(result).decode() if given.json else verb.text(result, parameters))
    return 1 if isinstance(result, Step) and not any(result.done.values()) else 0


def _back_up(given: Namespace) -> int:
    """Writes a backup, or restores one."""
    databases = Databases(BackupSettings.from_environment())
    does = databases.restore if given.restores else databases.write
    with tqdm(desc=given.parser.prog.split()[-1], unit="document", disable=None) as bar:
        counts = does(given.directory, lambda _collection, documents: bar.update(documents))
    text = "\n".join(f"{name}: {count}" for name, count in counts.items())
    _write(dumps(counts).decode() if given.json else text)
    return 0


def _perform(verb: Verb[Any, Any], desk: Desk, parameters: Parameters) -> Any:
    """The result; that of long work is of all steps together, which a bar counts meanwhile."""
    who = actor("command", f"{_user()}@{socket.gethostname()}")
    result = perform(verb, desk, parameters, who)
    if not isinstance(result, Step):
        return result
    total = Counter(result.done)
    # Not where nobody sees it.
    with tqdm(desc=verb.name, unit="step", disable=None, initial=1) as bar:
        while result.cursor is not None:
            parameters = parameters.model_copy(update={"cursor": result.cursor})
            try:
                result = perform(verb, desk, parameters, who)
            except (HubError, PyMongoError, KeyboardInterrupt):
                bar.close()
                print(f"cut off; to go on: --cursor '{plain(str(parameters.model_dump()['cursor']))}'", file=sys.stderr)
                raise
            total.update(result.done)
            bar.set_postfix(total)
            bar.update()
    return Step(dict(total))


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container
        return str(os.getuid())


def _values(verb: Verb[Any, Any], given: Namespace) -> dict[str, Any]:
    values = {name: getattr(given, name) for name in verb.parameters.model_fields}
    return {name: value for name, value in values.items() if value is not None}


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m admin", description="Looks after a datasets server.", epilog=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("serve", help="Answer all of these over HTTP")
    groups: dict[str, Any] = {}
    for verb in VERBS:
        group, _, name = verb.name.rpartition(" ")
        if group and group not in groups:
            groups[group] = commands.add_parser(group, help=f"About {group}: --help lists the commands").add_subparsers(
                required=True, metavar="COMMAND"
            )
        added = groups.get(group, commands).add_parser(name, help=verb.summary, description=verb.about or verb.summary)
        for field, about in verb.parameters.model_fields.items():
            _add(added, field, about, by_place=field in verb.places)
        added.add_argument("--json", action="store_true", help="say it as one JSON document")
        added.set_defaults(does=_do_verb, verb=verb, parser=added)
    for name, help_, restores in (
        ("backup", "Write both databases to a new directory, while everything runs", False),
        ("restore", "Put a backup into databases that are empty", True),
    ):
        added = commands.add_parser(name, help=help_, description=f"{help_}. INSTALL.md has the whole of it.")
        added.add_argument("directory", type=Path, metavar="DIRECTORY")
        added.add_argument("--json", action="store_true", help="say it as one JSON document")
        added.set_defaults(does=_back_up, parser=added, restores=restores)
    return parser


def _add(parser: ArgumentParser, name: str, about: FieldInfo, *, by_place: bool) -> None:
    option = f"--{name.replace('_', '-')}"
    # A % would be taken for a field of argparse's.
    help_ = (about.description or "").replace("%", "%%")
    if about.annotation is bool:
        parser.add_argument(option, action="store_true", default=None, help=help_)
    elif by_place:
        parser.add_argument(name, nargs=None if about.is_required() else "?", metavar=name.upper(), help=help_)
    else:
        default = "" if about.default is None else f" ({about.default})"
        parser.add_argument(option, metavar=name.upper(), help=help_ + default)


def _trouble(error: PyMongoError) -> str:
    if isinstance(error, ConnectionFailure):
        return "no Mongo server answers; expected one that runs and lets us in"
    if isinstance(error, OperationFailure) and error.details:
        return f"Mongo refuses: {plain(str(error.details.get('errmsg')))}"
    return f"Mongo can't be used: {type(error).__name__}"


def _write(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough; what is buffered still must not fail when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
