"""The one error that a user sees."""


class StackError(Exception):
    """The stack can't run; the message is one line that says what is wrong and what was expected."""
