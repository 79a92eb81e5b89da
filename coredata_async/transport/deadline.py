"""Timeout for one exchange including all its retries."""

from __future__ import annotations

import asyncio

from coredata_async.errors import APITimeoutError
from coredata_async.message import Reply, Request, Send


def within(send: Send, total: float | None) -> Send:
    """Limit the total time of a request, retries included, to `total` seconds; None does not limit it.

    Raises:
        APITimeoutError: If the limit is exceeded; its phase is `total`.
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
                raise  # the timeout of an inner limit, or of the source
        # Raised after the `except` block, because the cancellation would stay in `__context__` with its
        # frames.
        raise APITimeoutError(
            f"{request.method} {request.path}: not done within Timeouts.total ({total} s)",
            request,
            phase="total",
        )

    return through
