"""What tells one sequence of bytes from another."""

import hashlib


def digest_of(data: bytes) -> str:
    """A digest in letters and digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
