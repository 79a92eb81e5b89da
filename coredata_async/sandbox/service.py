"""Handlers of requests: their two arguments, `Service` and `Call`, and the row that routes to each.

Routes have one of the two forms of the `Authorization` header, or need none.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Literal, Self

from attrs import define, field, frozen

from coredata_async.sandbox.answer import Answer
from coredata_async.sandbox.bucket import Bucket
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.faults import Faults
from coredata_async.sandbox.state import State

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
    # Split at the first colon: a user name cannot contain one (inferred).
    user, colon, key = credentials.partition(":")
    return bool(colon) and _same(user, keys.user) and _same(key, keys.v2)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


@define(eq=False, repr=False, kw_only=True)
class Service:
    """One running CoreData."""

    state: State
    faults: Faults
    bucket: Bucket
    keys: Keys
    max_limit: int
    default_limit: int
    refuse_second_registration: bool
    range_includes_ends: bool


Handler = Callable[[Service, Call], Awaitable[Answer]]


@frozen
class Route:
    """One row of the table of operations."""

    method: str
    path: str
    """Path in which each `{}` stands for one segment."""
    operation: str
    handler: Handler
    auth: Scheme = "v2"
    classify: Callable[[Call], Awaitable[str]] | None = None
    """Names the operation if method and path do not determine it, from the form without its content."""
    others: tuple[str, ...] = ()
    """Further operations that `classify` may name."""
