"""What keeps a benchmark from measuring."""


class BenchError(Exception):
    """Something that was to be measured did not happen as it should; the message says what happened instead."""
