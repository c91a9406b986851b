"""What came of one input: an outcome that may be, or trouble."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` in a word; `trouble` is what is wrong with it, and None where nothing is.

    Troubles of one `kind` have one cause, as far as can be told.
    """

    outcome: str
    trouble: str | None = None
    kind: str | None = None
    slow: bool = False


class Trouble(Exception):  # noqa: N818 - what is looked for, not what goes wrong with the search
    """Something that must not come of any input; `kind` is what it has in common with others of its cause."""

    def __init__(self, message: str, kind: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind or message
