"""The parameters that README.md declares for text files, looked at before they are used."""

import codecs
from typing import Any

from libcommon.errors import CodedError

_SAMPLES = ("line", "paragraph", "document")


def check_parameters(config: Any) -> None:
    """Looks at the encoding, and the kind of samples, of the `datasets` config of text files.

    Raises:
        CodedError: `InvalidDatasetCardError`: one is not known.
    """
    encoding, errors = config.encoding, config.encoding_errors
    if encoding is not None and not _is_text_encoding(encoding):
        raise _error("encoding", encoding, "correct it, for example to latin-1")
    if errors is not None and not _is_handler(errors):
        raise _error("encoding_errors", errors, "make it strict, ignore or replace")
    sample_by = getattr(config, "sample_by", _SAMPLES[0])
    if sample_by not in _SAMPLES:
        raise _error("sample_by", sample_by, f"make it {', '.join(_SAMPLES)}")


def _is_text_encoding(name: Any) -> bool:
    try:
        "".encode(name)
    except (LookupError, TypeError, ValueError):
        return False
    return True


def _is_handler(name: Any) -> bool:
    try:
        codecs.lookup_error(name)
    except (LookupError, TypeError, ValueError):
        return False
    return True


def _error(parameter: str, value: Any, advice: str) -> CodedError:
    message = f"README.md declares the {parameter} '{value}', which is not known: {advice}."
    return CodedError("InvalidDatasetCardError", message)
