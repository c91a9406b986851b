"""Public keys for EdDSA (RFC 8032), as PEM."""

from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_END = "-----END PUBLIC KEY-----"
_BETWEEN = " \n,"

PublicKey = Ed25519PublicKey | Ed448PublicKey


def load_keys(pem: str) -> list[PublicKey]:
    """The keys of a text with one or more PEM blocks.

    Raises:
        ValueError: one is no key for EdDSA, or there is none.
    """
    # In an environment file a line end may be written as two characters.
    *blocks, rest = pem.replace("\\n", "\n").split(_END)
    if not blocks or rest.strip(_BETWEEN):
        raise ValueError
    keys = []
    for block in blocks:
        key = load_pem_public_key(f"{block.strip(_BETWEEN)}\n{_END}\n".encode())
        if not isinstance(key, PublicKey):
            raise ValueError
        keys.append(key)
    return keys
