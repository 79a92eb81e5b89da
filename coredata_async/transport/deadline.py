"""A limit for one exchange with all its repeats."""

from __future__ import annotations

import asyncio

from coredata_async.errors import APITimeoutError
from coredata_async.message import Reply, Request, Send


def within(send: Send, total: float | None) -> Send:
    """Give up after `total` seconds, repeats included; `None` never does.

    Raises:
        APITimeoutError: With phase `total`.
    """
    if total is None:
        return send

    async def through(request: Request) -> Reply:
        clock = asyncio.timeout(total)
        try:
            async with clock:
                return await send(request)
        except TimeoutError as exc:
            if isinstance(exc, APITimeoutError) or not clock.expired():
                raise  # that of an inner limit, or of the source
        # Not in the `except` block: the cancellation would stay as `__context__`, with the frames it met.
        raise APITimeoutError(
            f"{request.method} {request.path}: not done within Timeouts.total ({total} s)",
            request,
            phase="total",
        )

    return through
