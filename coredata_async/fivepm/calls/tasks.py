"""Calls of `tasks`."""

from __future__ import annotations

from typing import Final

from coredata_async.call import Call
from coredata_async.fivepm.calls import generic
from coredata_async.fivepm.codec.shape import Items
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.task import EditTask, NewTask, Task, TaskFilter
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.ids import Id
from coredata_async.unset import UNSET, Unset

_ADD: Final = METHODS["tasks.add"]
_UPDATE: Final = METHODS["tasks.update"]
_REMOVE: Final = METHODS["tasks.remove"]
_GET: Final = METHODS["tasks.getById"]
_LIST: Final = METHODS["tasks.getList"]


def add(form: RequestStyle, new: NewTask) -> Call[Task]:
    """Create a task."""
    return generic.add(form, _ADD, Task, new)


def update(form: RequestStyle, id: Id, edit: EditTask) -> Call[Task]:  # noqa: A002  # the service's own name
    """Change a task."""
    return generic.update(form, _UPDATE, Task, id, edit)


def remove(form: RequestStyle, id: Id) -> Call[None]:  # noqa: A002
    """Remove a task."""
    return generic.remove(form, _REMOVE, id)


def get(form: RequestStyle, id: Id) -> Call[Task]:  # noqa: A002
    """Read one task by its id."""
    return generic.get(form, _GET, Task, id)


def list(  # noqa: A001  # the service's own verb
    form: RequestStyle,
    where: TaskFilter,
    *,
    load_team: bool | Unset = UNSET,
    offset: int = 0,
    count: int | None = None,
) -> Call[Items[Task]]:
    """List the matching tasks from an offset on. Whether it counts from 0 or 1 is not documented."""
    params = {
        "filter": form.encode(where),
        "loadTeam": load_team,
        "offset": offset,
        "count": count,
    }
    return generic.listing(form, _LIST, Task, params)
