"""One HTTP exchange over aiohttp: the innermost `Send`. Nothing is followed, added or repeated here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Final

import aiohttp
from attrs import frozen
from yarl import URL

from coredata_async.config import Timeouts
from coredata_async.errors import CoreDataError
from coredata_async.message import Body, Reply, Request, Send
from coredata_async.transport.payload import Reopened
from coredata_async.transport.pool import Pool, Side
from coredata_async.transport.trouble import Foreign, translated

_AT_ONCE: Final = 64 * 1024
"""So few bytes fit asyncio's write buffer, and cannot stall."""
_NOT_ADDED: Final = frozenset({"Content-Type", "User-Agent"})
"""Headers aiohttp would add by itself; a Content-Type that was not signed breaks the signature."""


def exchange(
    pool: Pool, side: Side, timeouts: Timeouts, *, headers: Mapping[str, str], base_url: str = ""
) -> Send:
    """Make the `Send` of one side.

    Args:
        pool: Whose connections it uses.
        side: The service, or the storage.
        timeouts: For connecting, for the answer, and for blocks of bodies.
        headers: For every request; those of a request itself beat them.
        base_url: What comes before a target that is a path.
    """
    waits = {patience: _waits(timeouts, patience) for patience in (1.0, 2.5)}

    async def send(request: Request) -> Reply:
        url = request.target if request.target.startswith("http") else base_url + request.target
        body = _body(request.body, timeouts.stall)
        try:
            response = await pool.session(side).request(
                request.method,
                # Byte for byte: unless told that it is encoded, yarl rewrites %2F and %3A, and the
                # signature no longer fits.
                URL(url, encoded=True),
                data=body,
                headers={**headers, **request.headers},
                skip_auto_headers=_NOT_ADDED,
                allow_redirects=False,
                raise_for_status=False,
                timeout=waits.get(request.patience) or _waits(timeouts, request.patience),
                proxy=pool.proxy,
                ssl=pool.ssl,
            )
            if request.stream and response.status < 300:  # noqa: PLR2004  # what is refused is read at once
                return Reply(response.status, response.headers, content=_Arriving(request, response))
            try:
                return Reply(response.status, response.headers, await response.read())
            finally:
                response.release()
        except Foreign as exc:
            if isinstance(body, Reopened) and isinstance(body.failure, CoreDataError):
                raise body.failure from None
            stalled = isinstance(body, Reopened) and isinstance(body.failure, TimeoutError)
            raise translated(exc, request, stalled=stalled) from None

    return send


def _body(body: bytes | Body | None, stall: float | None) -> bytes | Reopened | None:
    if body is None or (isinstance(body, bytes) and len(body) <= _AT_ONCE):
        return body
    return Reopened(_Held(body) if isinstance(body, bytes) else body, stall)


def _waits(timeouts: Timeouts, patience: float) -> aiohttp.ClientTimeout:
    response = timeouts.response and timeouts.response * patience
    return aiohttp.ClientTimeout(sock_connect=timeouts.connect, sock_read=response)


@frozen
class _Held:
    """Bytes as a `Body`."""

    data: bytes
    replayable: bool = True

    @property
    def size(self) -> int:
        return len(self.data)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        yield self.data


class _Arriving:
    """A reply's body, still on its way."""

    def __init__(self, request: Request, response: aiohttp.ClientResponse) -> None:
        self._request = request
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for block in self._response.content.iter_any():
                yield block
        except Foreign as exc:
            raise translated(exc, self._request, stalled=True) from None

    async def aclose(self) -> None:
        self._response.release() if self._response.content.at_eof() else self._response.close()
