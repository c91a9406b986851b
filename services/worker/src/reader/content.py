"""The signature of a revision's content: as long as it stays the same, so does every answer about the dataset.

Answers depend on the files and on the YAML block at the top of README.md, not on the text below it. The block itself is
read, not what the Hub made of it (`cardData`): where that is empty there may be no block, or one that is an error to
the `datasets` library.
"""

import hashlib
import json
import re

from huggingface_hub.repocard import REGEX_YAML_BLOCK

from reader import card
from reader.hub import Observation
from reader.snapshot import MAX_FILES

# What tools keep at the root, such as .gitattributes; other dotfiles may be data that a metadata.csv names.
_TOOL_FILE = re.compile(r"\.[^./]+")
# To be raised whenever other answers are made of the same content, so that each is made again at the next push.
_ANSWERS_VERSION = 3


def signature_of(seen: Observation, readme: bytes | None) -> str | None:
    """The signature of what was seen with its files and, where `card.read_card` gives it, its README.md; None where it
    can't be told.
    """
    files = {file.rfilename: file.blob_id for file in seen.files}
    if not 0 < len(files) <= MAX_FILES or None in files.values():
        return None
    if card.NAME not in files:
        return _digest(files, "")
    if card.is_too_long(seen):
        return _digest(files, None)
    try:
        text = readme.decode() if readme is not None else None
    except UnicodeDecodeError:
        # To the library an error, wherever in the text it is.
        return None
    if text is None:
        return None
    block = REGEX_YAML_BLOCK.search(text)
    return _digest(files, block[2] if block else "")


def _digest(files: dict[str, str | None], block: str | None) -> str:
    """`block` is None for a README.md that counts as a whole."""
    counted = sorted((path, blob) for path, blob in files.items() if not _is_left_out(path, block))
    return hashlib.sha256(json.dumps([_ANSWERS_VERSION, counted, block]).encode()).hexdigest()


def _is_left_out(path: str, block: str | None) -> bool:
    if path == card.NAME:
        # The library reads it as data where the block names it.
        return block is not None and path not in block
    return _TOOL_FILE.fullmatch(path) is not None
