"""Middleware for requests through a session of the caller, which is used as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import aiohttp

from coredata_async.transport.errors import ErrorText
from coredata_async.transport.http11.exchange import Side

_CREDENTIALS: Final = ("Authorization", "Cookie")
SECOND_CREDENTIAL: Final = ErrorText(
    "the session that was passed has credentials of its own: from its auth=, or from ~/.netrc because of its "
    "trust_env=True; aiohttp does not send the API key beside them, so pass a session without them",
    reached=False,
    permanent=True,
)


def single_attempt(
    session: aiohttp.ClientSession | None, side: Side
) -> Sequence[aiohttp.ClientMiddlewareType] | None:
    """Return the middlewares for one request through a session of the caller; None without such a session."""
    if session is None:
        return None
    return SingleAttempt(side), *session._middlewares  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class SingleAttempt:
    """Middleware for one request: it is sent once, and without credentials of the session to the storage.

    aiohttp repeats GET, PUT and DELETE once if an idle connection breaks, also after the server has carried
    out the first one. Sessions add cookies of earlier replies, and with `trust_env` the password that
    `~/.netrc` has for a host.
    """

    def __init__(self, side: Side) -> None:
        self._dropped = _CREDENTIALS if side == "storage" else ()
        self._sent = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send the request.

        Raises:
            aiohttp.ServerDisconnectedError: If aiohttp repeats it.
        """
        if self._sent:
            raise aiohttp.ServerDisconnectedError
        self._sent = True
        for name in self._dropped:
            request.headers.popall(name, None)
        return await handler(request)
