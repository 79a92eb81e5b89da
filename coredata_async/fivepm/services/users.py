"""Service for the users of an account."""

from __future__ import annotations

from operator import attrgetter

from coredata_async.fivepm.calls import users as calls
from coredata_async.fivepm.listing import Listing, Page
from coredata_async.fivepm.models.user import EditUser, NewUser, User
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.services.verbs import adding, updating
from coredata_async.ids import Id
from coredata_async.message import Send


class Users:
    """Users of an account. A removed user can no longer sign in.

    `add` returns the user after the change; `update` returns `None` if the service answers only yes.
    Both are retried only if they provably were not carried out; otherwise they raise `OutcomeUnknownError`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        self._send = send
        self._form = form
        self.add = adding(NewUser, self._add, "Create a user and return it: one request.")
        self.update = updating(EditUser, self._update, "Change a user and return it, if the service does.")

    async def get(self, id: Id) -> User:  # noqa: A002  # the service's own name
        """Read one user: one request, retry-safe.

        Raises:
            NotFoundError: If it does not exist.
        """
        return await perform(self._send, calls.get(self._form, id))

    async def get_by_email(self, email: str) -> User:
        """Read the user with an e-mail address: one request, retry-safe.

        Raises:
            NotFoundError: If it does not exist.
        """
        return await perform(self._send, calls.get_by_email(self._form, email))

    def list(self) -> Listing[User]:
        """List all users: one response, because no pages are documented."""

        async def fetch(offset: int, _: int | None) -> Page[User]:
            found = await perform(self._send, calls.list(self._form))
            return Page(tuple(found.items), found.total, offset)

        return Listing(fetch, key=attrgetter("id"), whole=True)

    async def remove(self, id: Id) -> None:  # noqa: A002
        """Remove a user: one request. A way to restore it is not documented.

        Raises:
            NotFoundError: If it does not exist.
        """
        await perform(self._send, calls.remove(self._form, id))

    async def _add(self, new: NewUser) -> User:
        return await perform(self._send, calls.add(self._form, new))

    async def _update(self, id: Id, edit: EditUser) -> User | None:  # noqa: A002
        return await perform(self._send, calls.update(self._form, id, edit))
