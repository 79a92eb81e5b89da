"""Execution of 5pm calls: a large reply is decoded in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from coredata_async.call import Call, carry, log_unknown
from coredata_async.errors import OutcomeUnknownError
from coredata_async.message import Reply, Send

T = TypeVar("T")

LARGE: Final = 32 << 10
"""Maximum number of bytes of a reply that are decoded in the event loop:

XML of tags only takes 1 us per byte.
"""


async def perform(send: Send, call: Call[T]) -> T:
    """Send a call and decode its reply; raises as `coredata_async.call.perform` does."""
    try:
        return await carry(send, call.request, call.answer, apply=_apply)
    except OutcomeUnknownError as exc:
        log_unknown(exc)
        raise


async def _apply(conclude: Callable[[Reply], T], reply: Reply) -> T:
    if len(reply.body) <= LARGE:
        return conclude(reply)
    return await asyncio.to_thread(conclude, reply)
