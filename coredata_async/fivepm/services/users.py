"""Service for the users of an account."""

from __future__ import annotations

from coredata_async.fivepm import calls
from coredata_async.fivepm.listing import Listing
from coredata_async.fivepm.models.user import EditUser, NewUser, User
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.services.objects import ObjectService
from coredata_async.fivepm.services.verbs import adding, updating
from coredata_async.ids import Id
from coredata_async.message import Send


class Users(ObjectService[User]):
    """Users of an account. A removed user can no longer sign in.

    `add` returns the user after the change; `update` returns `None` if the service answers only yes.
    Both are retried only if they provably were not carried out; otherwise they raise `OutcomeUnknownError`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        super().__init__(send, form, calls.users)
        self.add = adding(NewUser, self._add, "Create a user and return it: one request.")
        self.update = updating(EditUser, self._change, "Change a user and return it, if the service does.")

    async def get_by_email(self, email: str) -> User:
        """Read the user with an e-mail address: one request, retry-safe.

        Raises:
            NotFoundError: If it does not exist.
        """
        return await perform(self._send, calls.user_by_email(self._form, email))

    def list(self) -> Listing[User]:
        """List all users: one response, because no pages are documented."""
        return self._list_all()

    async def _change(self, id: Id, edit: EditUser) -> User | None:  # noqa: A002
        return await perform(self._send, calls.update_user(self._form, id, edit))
