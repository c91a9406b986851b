"""The signature of a revision's content: as long as it stays the same, so does every answer about the dataset.

Answers depend on the files and on the YAML block at the top of README.md, not on the text below it. The block itself is
read, not what the Hub made of it (`cardData`): where that is empty there may be no block, or one that is an error to
the `datasets` library.
"""

import hashlib
import json
import re

from huggingface_hub import hf_hub_url
from huggingface_hub.repocard import REGEX_YAML_BLOCK

from reader.hub import Observation, get, hub_trouble

# Of a longer list the Hub may leave out some: it is known to above 50,000 files.
_MAX_FILES = 20_000
_CARD = "README.md"
_MAX_CARD_BYTES = 1_000_000
# What tools keep at the root, such as .gitattributes; other dotfiles may be data that a metadata.csv names.
_TOOL_FILE = re.compile(r"\.[^./]+")
# To be raised whenever other answers are made of the same content, so that each is made again at the next push.
_ANSWERS_VERSION = 1


def signature_of(dataset: str, seen: Observation, *, endpoint: str, token: str | None) -> str | None:
    """The signature of what was seen with its files, with one more request where there is a README.md; None where
    it can't be told.

    Raises:
        CodedError: `HfHubError` or `HubRateLimitedError`, as for every request.
    """
    files = {file.rfilename: file.blob_id for file in seen.files}
    if not 0 < len(files) <= _MAX_FILES or None in files.values() or seen.revision is None:
        return None
    card = next((file for file in seen.files if file.rfilename == _CARD), None)
    if card is None:
        return _digest(files, "")
    if card.size is None or card.size > _MAX_CARD_BYTES:
        return _digest(files, None)
    url = hf_hub_url(dataset, _CARD, repo_type="dataset", revision=seen.revision, endpoint=endpoint)
    try:
        answer = get(url, token=token)
    except Exception as error:
        if (trouble := hub_trouble(error)) is not None:
            raise trouble from error
        # Listing will find out why, and tell.
        return None
    try:
        text = answer.content.decode()
    except UnicodeDecodeError:
        # To the library an error, wherever in the text it is.
        return None
    block = REGEX_YAML_BLOCK.search(text)
    return _digest(files, block[2] if block else "")


def _digest(files: dict[str, str | None], block: str | None) -> str:
    """`block` is None for a README.md that counts as a whole."""
    counted = sorted((path, blob) for path, blob in files.items() if not _is_left_out(path, block))
    return hashlib.sha256(json.dumps([_ANSWERS_VERSION, counted, block]).encode()).hexdigest()


def _is_left_out(path: str, block: str | None) -> bool:
    if path == _CARD:
        # The library reads it as data where the block names it.
        return block is not None and path not in block
    return _TOOL_FILE.fullmatch(path) is not None
