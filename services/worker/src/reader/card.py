"""README.md of a revision: its YAML block declares configs, data files and types."""

from huggingface_hub import hf_hub_url

from reader.hub import Observation, get, hub_trouble

NAME = "README.md"
_MAX_BYTES = 1_000_000


def is_too_long(seen: Observation) -> bool:
    """Whether README.md of what was seen with its files is too long to be looked into here."""
    return any(file.rfilename == NAME and (file.size is None or file.size > _MAX_BYTES) for file in seen.files)


def read_card(dataset: str, seen: Observation, *, endpoint: str, token: str | None) -> bytes | None:
    """README.md of what was seen with its files; None where there is none, or where only listing will tell.

    Raises:
        CodedError: `HfHubError` or `HubRateLimitedError`, as for every request.
    """
    if seen.revision is None or is_too_long(seen) or all(file.rfilename != NAME for file in seen.files):
        return None
    url = hf_hub_url(dataset, NAME, repo_type="dataset", revision=seen.revision, endpoint=endpoint)
    try:
        content: bytes = get(url, token=token).content
    except Exception as error:
        if (trouble := hub_trouble(error)) is not None:
            raise trouble from error
        return None
    return content
