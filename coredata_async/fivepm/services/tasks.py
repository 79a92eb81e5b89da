"""Service for tasks."""

from __future__ import annotations

from attrs import field, frozen

from coredata_async.fivepm import calls
from coredata_async.fivepm.listing import Listing
from coredata_async.fivepm.models.task import EditTask, NewTask, Task, TaskFilter
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.fivepm.services.objects import ObjectService, filters_only, in_range
from coredata_async.fivepm.services.verbs import adding, listing, updating
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


class Tasks(ObjectService[Task]):
    """Tasks of an account, inside projects and on their own.

    `add` and `update` return the task after the change. They are retried only if they provably were
    not carried out; otherwise they raise `OutcomeUnknownError`. `list` returns a `Listing`.
    """

    def __init__(self, send: Send, form: RequestStyle) -> None:
        super().__init__(send, form, calls.tasks)
        self.add = adding(NewTask, self._add, "Create a task and return it: one request.")
        self.update = updating(EditTask, self._update, "Change a task and return it: one request.")
        self.list = listing(TaskListOptions, self._list, "List the matching tasks.")

    def _list(self, wanted: TaskListOptions) -> Listing[Task]:
        where = filters_only(wanted, TaskFilter)
        return self._list_pages(where, wanted, load_team=wanted.load_team)
