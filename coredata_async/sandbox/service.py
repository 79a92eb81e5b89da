"""Handlers of requests: their two arguments, `Service` and `Call`, and the row that routes to each."""

from collections.abc import Awaitable, Callable

from attrs import define, frozen

from coredata_async.sandbox.answer import Answer
from coredata_async.sandbox.auth import Keys, Scheme
from coredata_async.sandbox.bucket import Bucket
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.faults import Faults
from coredata_async.sandbox.state import State


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
