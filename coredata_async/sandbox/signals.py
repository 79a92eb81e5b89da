"""Periodic wake-up of an idle event loop, so that it notices signals."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

_POLL_INTERVAL: Final = 0.5


@asynccontextmanager
async def poll_signals() -> AsyncGenerator[None]:
    """Wake the loop twice a second.

    Python's own signal handlers run between two bytecodes. A signal that arrives between the last of them and
    the loop's wait would be noticed only when something else wakes the loop: in a server without
    requests, never.
    """
    looking = asyncio.create_task(_poll())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait({looking})


async def _poll() -> None:
    while True:  # noqa: ASYNC110  # it is for the waking alone
        await asyncio.sleep(_POLL_INTERVAL)
