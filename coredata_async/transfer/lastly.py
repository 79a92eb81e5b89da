"""A body whose last block leaves only when its source has come to an end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from attrs import frozen

from coredata_async.message import Body
from coredata_async.storage.bodies import Streamed


@frozen
class Lastly:
    """The same bytes, one block later.

    A storage answers as soon as it has the announced number of bytes, and aiohttp then breaks off the pass
    over the source: before its digest is known, and before it is seen that it would have given more.
    """

    inner: Streamed

    @property
    def size(self) -> int:
        """As the inner body."""
        return self.inner.size

    @property
    def replayable(self) -> bool:
        """As the inner body."""
        return self.inner.replayable

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """One pass, at whose last block the inner one is complete and checked."""
        held: bytes | None = None
        async with aclosing(self.inner.chunks()) as blocks:
            async for block in blocks:
                if held is not None:
                    yield held
                held = block
        if held is not None:
            yield held


def lastly(body: bytes | Streamed) -> bytes | Body:
    """The body as it is to be sent."""
    return Lastly(body) if isinstance(body, Streamed) else body
