"""What a client does with tasks."""

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
    """Which tasks to list, and how: the filters of `TaskFilter`, and which part."""

    load_team: bool | Unset = UNSET
    """Whether each comes with its team."""
    page_size: int | None = field(default=100, validator=in_range(1))
    """Objects per page; `None` is the server's own idea. It may give fewer, or more."""
    offset: int = field(default=0, validator=in_range(0))
    """Where to begin. Whether the first one is 0 or 1 is not documented."""


class Tasks:
    """The tasks of an account, inside projects and on their own.

    `add` and `update` give the task as it is afterwards. They are repeated only if they provably were
    not carried out; otherwise `OutcomeUnknownError` says so. `list` gives a `Listing`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        self._send = send
        self._form = form
        self.add = adding(NewTask, self._add, "Make a task and return it: one exchange.")
        self.update = updating(EditTask, self._update, "Change a task and return it: one exchange.")
        self.list = listing(TaskListOptions, self._list, "List the tasks that match.")

    async def get(self, id: Id) -> Task:  # noqa: A002  # the service's own name
        """Read one task: one exchange, repeat-safe.

        Raises:
            NotFoundError: There is none with this id, or it is hidden from this user.
        """
        return await perform(self._send, calls.get(self._form, id))

    async def remove(self, id: Id) -> None:  # noqa: A002
        """Remove a task: one exchange. No way back is documented, nor what goes with it.

        Raises:
            NotFoundError: There is none with this id.
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
