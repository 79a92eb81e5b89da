"""Authentication: the two forms of the `Authorization` header (facts 1.3, 1.4)."""

import hmac
import secrets
from typing import Literal, Self

from attrs import define, field

Scheme = Literal["v2", "v3", "none"]


@define(eq=False)
class Keys:
    """Required credentials; changing a field changes it for the running server."""

    user: str
    v2: str = field(repr=False)
    v3: str = field(repr=False)

    @classmethod
    def fresh(cls) -> Self:
        """Return a user with a new key, valid for both versions."""
        key = secrets.token_hex(20)
        return cls("administrator", key, key)


def admit(keys: Keys, scheme: Scheme, header: str) -> bool:
    """Return whether a request is authenticated.

    v2 requires `apikey user:key`, v3 `apikey key`, and neither accepts the other form.
    """
    if scheme == "none":
        return True
    word, _, credentials = header.partition(" ")
    if word.lower() != "apikey":
        return False
    if scheme == "v3":
        return _same(credentials, keys.v3)
    # Split at the first colon: a user name cannot contain one (facts 1.3, inferred).
    user, colon, key = credentials.partition(":")
    return bool(colon) and _same(user, keys.user) and _same(key, keys.v2)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
