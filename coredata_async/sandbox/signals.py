"""An idle event loop that notices signals."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

_POLL_INTERVAL: Final = 0.5


@asynccontextmanager
async def poll_signals() -> AsyncGenerator[None]:
    """Wake the loop twice a second.

    Python's own signal handlers run between two bytecodes. A signal that comes between the last of them and
    the loop's falling asleep would be noticed only when something else wakes it: of a server without
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
