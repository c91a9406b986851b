"""What a library says in an exception, without what is nobody's business: paths, addresses, tokens."""

import re

MAX_CHARACTERS = 500

_HUB_FILE = re.compile(r"hf://datasets/([^\s@'\"]+)@[0-9a-f]{40}(/?)")
_PATTERNS = [
    (re.compile(r"\bhead://\d+/"), ""),
    (re.compile(r" at 0x[0-9a-f]+"), ""),
    (re.compile(r"\bhf_\w+|\b(?:Bearer|Basic)\s+\S+", re.IGNORECASE), "<token>"),
    (re.compile(r"\b(?!hf\b|zip\b)[a-z][a-z0-9+.-]*://[^\s'\"<>)\]]+", re.IGNORECASE), "<address>"),
    (re.compile(r"\b(?:host|port)\s*=\s*['\"]?[^\s,'\")]+['\"]?", re.IGNORECASE), "<address>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+:\d{2,5}\b|\blocalhost\b(?::\d+)?"), "<address>"),
    (re.compile(r"\[[0-9a-f:]{3,}\](?::\d+)?"), "<address>"),
    (re.compile(r"(?<![\w:/.@*-])(?:[A-Za-z]:\\|/)(?:[\w.@~+-]+[/\\])+[\w.@~+-]*"), "<path>"),
]


def scrub(text: str) -> str:
    """`text` on one line of at most 500 characters; files of the dataset are named relative to it."""
    text = _HUB_FILE.sub(lambda match: "" if match[2] else match[1], " ".join(text[: 10 * MAX_CHARACTERS].split()))
    for pattern, placeholder in _PATTERNS:
        text = pattern.sub(placeholder, text)
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"
