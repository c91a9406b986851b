"""What a receiver of webhooks was told of each dataset, kept across restarts."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hub.rules import Gated

logger = logging.getLogger("hub.state")


class StateError(ValueError):
    """The state can't be kept; the message says why."""


class State(NamedTuple):
    """What is announced of a dataset."""

    sha: str
    private: bool
    gated: Gated
    disabled: bool = False


def load_states(path: Path) -> dict[str, State]:
    """Read the states kept at `path`. A file that can't be understood counts as empty: all is announced again.

    Raises `StateError` when there is no place to keep them.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.loads(path.read_text())
        return {repo: State(*values) for repo, values in content.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StateError(f"can't keep state in {path.parent}: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError):
        logger.warning("%s can't be understood: everything is announced again", path)
        return {}


def store_states(path: Path, states: Mapping[str, State]) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(states, sort_keys=True))
    temporary.replace(path)
