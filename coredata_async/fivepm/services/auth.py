"""Who a client is."""

from __future__ import annotations

from coredata_async.fivepm.calls import auth as calls
from coredata_async.fivepm.form import Form
from coredata_async.fivepm.models.user import User
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.session import Session
from coredata_async.message import Send


class Auth:
    """The sign-in that all callers of a client share. It happens by itself, when first needed."""

    def __init__(self, send: Send, form: Form, session: Session, open_send: Send) -> None:
        self._send = send
        self._form = form
        self._session = session
        self._open_send = open_send

    async def user(self) -> User:
        """The user who signed in: one exchange, repeat-safe."""
        return await perform(self._send, calls.user(self._form))

    async def sign_in(self) -> None:
        """Sign in now, if that has not happened yet; to see whether login and password are right.

        Raises:
            AuthenticationError: They are not.
        """
        await self._session.enter(self._open_send)

    async def sign_out(self) -> None:
        """End the session now, for all callers; the next request signs in anew.

        Raises:
            APIError: By its subclass. Closing the client signs out, too, and raises nothing.
        """
        await self._session.end(self._open_send)
