"""What a task is, how to filter tasks, how to make and change one, and where they live."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from coredata_async.ids import HasId
from coredata_async.resources.document import ProjectRef
from coredata_async.resources.workitem import EditWorkItem, NewWorkItem, WorkItem, WorkItemWhere
from coredata_async.wire.resource import EditableKind, Evidence


@frozen(kw_only=True)
class Task(WorkItem):
    """A piece of work in a project that somebody is assigned to."""

    project: ProjectRef | None = None


@frozen(kw_only=True)
class TaskWhere(WorkItemWhere):
    """Which tasks to list.

    Source: https://docs.wise.is/cored/api-v2, "Filtering".
    """


@frozen(kw_only=True)
class NewTask(NewWorkItem):
    """A task to be.

    Only `project` and `title` were ever seen in use; the others are taken from the fields of a task.
    """

    project: str | HasId
    """Id."""


@frozen(kw_only=True)
class EditTask(EditWorkItem):
    """A change to a task: only what is given is sent, a list replaces the whole list.

    `None` clears a field; this is inferred from the framework, as is the request itself from old clients.
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
