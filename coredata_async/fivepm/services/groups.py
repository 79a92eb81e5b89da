"""Service for groups of projects."""

from __future__ import annotations

from operator import attrgetter

from coredata_async.fivepm.calls import groups as calls
from coredata_async.fivepm.listing import Listing, Page
from coredata_async.fivepm.models.group import EditGroup, Group, NewGroup
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.services.verbs import adding, updating
from coredata_async.ids import Id
from coredata_async.message import Send


class Groups:
    """Groups of projects and tasks; the service calls them `projectsgroups`.

    `add` and `update` return the group after the change. They are retried only if they provably were not
    carried out; otherwise they raise `OutcomeUnknownError`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        self._send = send
        self._form = form
        self.add = adding(NewGroup, self._add, "Create a group and return it: one request.")
        self.update = updating(EditGroup, self._update, "Change a group and return it: one request.")

    async def get(self, id: Id) -> Group:  # noqa: A002  # the service's own name
        """Read one group: one request, retry-safe.

        Raises:
            NotFoundError: If it does not exist.
        """
        return await perform(self._send, calls.get(self._form, id))

    def list(self) -> Listing[Group]:
        """List all groups: one response, because no pages are documented."""

        async def fetch(offset: int, _: int | None) -> Page[Group]:
            found = await perform(self._send, calls.list(self._form))
            return Page(tuple(found.items), found.total, offset)

        return Listing(fetch, key=attrgetter("id"), whole=True)

    async def remove(self, id: Id) -> None:  # noqa: A002
        """Remove a group: one request. The effect on its projects is not documented.

        Raises:
            NotFoundError: If it does not exist.
        """
        await perform(self._send, calls.remove(self._form, id))

    async def _add(self, new: NewGroup) -> Group:
        return await perform(self._send, calls.add(self._form, new))

    async def _update(self, id: Id, edit: EditGroup) -> Group:  # noqa: A002
        return await perform(self._send, calls.update(self._form, id, edit))
