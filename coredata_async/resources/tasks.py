"""Tasks: model, filters, new, changes and endpoint."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from coredata_async.ids import HasId
from coredata_async.resources.document import ProjectRef
from coredata_async.resources.workitem import EditWorkItem, NewWorkItem, WorkItem, WorkItemWhere
from coredata_async.wire.resource import EditableKind, Evidence


@frozen(kw_only=True)
class Task(WorkItem):
    """A piece of work in a project, assigned to users."""

    project: ProjectRef | None = None


@frozen(kw_only=True)
class TaskWhere(WorkItemWhere):
    """Filters for listing tasks.

    Source: https://docs.wise.is/cored/api-v2, "Filtering".
    """


@frozen(kw_only=True)
class NewTask(NewWorkItem):
    """Fields for creating a task.

    Only `project` and `title` were ever seen in use; the others are taken from the fields of a task.
    """

    project: str | HasId
    """Id."""


@frozen(kw_only=True)
class EditTask(EditWorkItem):
    """A change to a task: only given fields are sent, and a list replaces the whole list.

    `None` clears a field. This is inferred from the framework, and the request itself from old clients.
    """


_OLD_JAVA: Final = Evidence("legacy", "github.com/joningis/coredata-java-api (2014)")
_OLD_PYTHON: Final = Evidence("legacy", "github.com/koddsson/coredata-python-client (2014)")

TASKS = EditableKind(
    path="/api/v2/tasks/",
    model=Task,
    where=TaskWhere,
    new=NewTask,
    edit=EditTask,
    source="https://docs.wise.is/cored/tasks",
    proofs={"create": _OLD_JAVA, "update": _OLD_PYTHON, "delete": _OLD_PYTHON},
)
