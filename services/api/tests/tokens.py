"""JWTs of a Hub for tests, and the keys that they are signed with."""

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Issuer:
    """Signs tokens with a key of its own."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()

    @property
    def pem(self) -> str:
        """Its public key."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def jwk(self) -> dict[str, Any]:
        """The same for a JWKS."""
        return dict(jwt.get_algorithm_by_name("EdDSA").to_jwk(self.key.public_key(), as_dict=True))

    def token(self, dataset: str, *, seconds: float = 300, **claims: object) -> str:
        """A token that lets its bearer read a dataset; `claims` replace what it says."""
        said = {"sub": f"datasets/{dataset}", "exp": time.time() + seconds, "permissions": {"repo.content.read": True}}
        return jwt.encode({**said, **claims}, self.key, algorithm="EdDSA")
