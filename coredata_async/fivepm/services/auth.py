"""Service for the session of a client."""

from __future__ import annotations

from coredata_async.fivepm import calls
from coredata_async.fivepm.models.user import User
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.session import Session
from coredata_async.message import Send


class Auth:
    """Sign-in that all callers of a client share. It happens automatically, when first needed."""

    def __init__(self, send: Send, form: RequestStyle, session: Session, open_send: Send) -> None:
        self._send = send
        self._form = form
        self._session = session
        self._open_send = open_send

    async def user(self) -> User:
        """Read the user who signed in: one request, retry-safe."""
        return await perform(self._send, calls.authorized_user(self._form))

    async def sign_in(self) -> str:
        """Sign in, if that has not happened yet, and return the session id: at most one request.

        The id is a secret. The client renews it when it expires. A caller needs it only for requests that are
        sent without this client.

        Raises:
            AuthenticationError: If login or password is wrong.
        """
        return await self._session.enter(self._open_send)

    async def sign_out(self) -> None:
        """End the session now, for all callers; the next request signs in again.

        Raises:
            APIError: The subclass for the failed request. Closing the client signs out, too, and raises
                nothing.
        """
        await self._session.end(self._open_send)
