"""Service for tasks."""

from __future__ import annotations

from operator import attrgetter

from attrs import field, frozen

from coredata_async.fivepm.calls import tasks as calls
from coredata_async.fivepm.listing import Listing, Page
from coredata_async.fivepm.models.task import EditTask, NewTask, Task, TaskFilter
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.services.paging import filters_only, in_range
from coredata_async.fivepm.services.verbs import adding, listing, updating
from coredata_async.ids import Id
from coredata_async.message import Send
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class TaskListOptions(TaskFilter):
    """Filters of `TaskFilter`, and the requested part of the list."""

    load_team: bool | Unset = UNSET
    """True to include the team of each."""
    page_size: int | None = field(default=100, validator=in_range(1))
    """Objects per page; `None` leaves it to the server. The server may return fewer, or more."""
    offset: int = field(default=0, validator=in_range(0))
    """Offset of the first object. Whether the first one is 0 or 1 is not documented."""


class Tasks:
    """Tasks of an account, inside projects and on their own.

    `add` and `update` return the task after the change. They are retried only if they provably were
    not carried out; otherwise they raise `OutcomeUnknownError`. `list` returns a `Listing`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        self._send = send
        self._form = form
        self.add = adding(NewTask, self._add, "Create a task and return it: one request.")
        self.update = updating(EditTask, self._update, "Change a task and return it: one request.")
        self.list = listing(TaskListOptions, self._list, "List the matching tasks.")

    async def get(self, id: Id) -> Task:  # noqa: A002  # the service's own name
        """Read one task: one request, retry-safe.

        Raises:
            NotFoundError: If it does not exist, or is hidden from this user.
        """
        return await perform(self._send, calls.get(self._form, id))

    async def remove(self, id: Id) -> None:  # noqa: A002
        """Remove a task: one request.

        It is not documented whether it can be restored, and what is removed with it.

        Raises:
            NotFoundError: If it does not exist.
        """
        await perform(self._send, calls.remove(self._form, id))

    async def _add(self, new: NewTask) -> Task:
        return await perform(self._send, calls.add(self._form, new))

    async def _update(self, id: Id, edit: EditTask) -> Task:  # noqa: A002
        return await perform(self._send, calls.update(self._form, id, edit))

    def _list(self, wanted: TaskListOptions) -> Listing[Task]:
        where = filters_only(wanted, TaskFilter)

        async def fetch(offset: int, count: int | None) -> Page[Task]:
            call = calls.list(self._form, where, load_team=wanted.load_team, offset=offset, count=count)
            found = await perform(self._send, call)
            return Page(tuple(found.items), found.total, offset)

        return Listing(fetch, key=attrgetter("id"), offset=wanted.offset, page_size=wanted.page_size)
