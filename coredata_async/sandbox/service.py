"""Argument of every handler: the state, the storage, the faults, and the settings."""

from collections.abc import Awaitable, Callable

from attrs import define

from coredata_async.sandbox.answer import Answer
from coredata_async.sandbox.auth import Keys
from coredata_async.sandbox.bucket import Bucket
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.faults.faults import Faults
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
