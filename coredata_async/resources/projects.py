"""Projects and tasks: models, filters, fields for creation and change, endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from attrs import field, frozen

from coredata_async.ids import HasId
from coredata_async.resources.document import DatedWhere, Document, ProjectRef, SpaceRef, UserRef
from coredata_async.resources.values import ListValue
from coredata_async.unset import UNSET, Unset
from coredata_async.wire.resource import EditableKind, Evidence


@frozen(kw_only=True)
class WorkItem(Document):
    """A piece of work."""

    status: ListValue = field(default=ListValue(""))
    """`project_status:In_progress:`. Tenants define their own; the dynatype names the value list."""
    status_message: str = ""
    due_date: date | None = None
    space: SpaceRef | None = None
    contacts: tuple[str, ...] = ()
    """Ids of contacts."""
    associated_contacts_id: tuple[str, ...] = ()
    associated_users: tuple[UserRef, ...] = ()
    connected_users: tuple[str, ...] = ()
    """Usernames."""
    responsible_users: tuple[UserRef, ...] = ()


@frozen(kw_only=True)
class WorkItemWhere(DatedWhere):
    """Filters that projects and tasks have in common."""

    associated_contacts_id: str | HasId | None = None
    """Id of a contact."""


@frozen(kw_only=True)
class NewWorkItem:
    """Fields for creating a project or a task."""

    title: str
    aspects: Mapping[str, Any] | None = None
    """Only aspects that the template has: `{"url": {"url": "www.example.is"}}`."""
    associated_users: Sequence[str] | None = None
    """Usernames, although responses contain objects."""
    contacts: Sequence[str | HasId] | None = None
    """Ids of contacts."""
    description: str | None = None
    due_date: date | None = None
    responsible_users: Sequence[str] | None = None
    """Usernames."""
    status: str | None = None
    """A value list string: `project_status:Pending:`."""
    status_message: str | None = None
    tags: Sequence[str] | None = None


@frozen(kw_only=True)
class EditWorkItem:
    """Fields of a project or a task that can be changed."""

    title: str | Unset = UNSET
    aspects: Mapping[str, Any] | Unset | None = UNSET
    associated_users: Sequence[str] | Unset | None = UNSET
    contacts: Sequence[str | HasId] | Unset | None = UNSET
    description: str | Unset | None = UNSET
    due_date: date | Unset | None = UNSET
    responsible_users: Sequence[str] | Unset | None = UNSET
    status: str | Unset | None = UNSET
    status_message: str | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET


@frozen(kw_only=True)
class Project(WorkItem):
    """A piece of work with its own files, folders, tasks and people."""

    identifier: str = ""
    """Year and number, `2016-189`."""
    fileplan: str = ""
    fileplan_title: str = ""


@frozen(kw_only=True)
class ProjectWhere(WorkItemWhere):
    """Filters for listing projects.

    Source: https://docs.wise.is/cored/api-v2, "Filtering".
    """


@frozen(kw_only=True)
class NewProject(NewWorkItem):
    """Fields for creating a project.

    Source: https://docs.wise.is/cored/projects, "Create Project".
    """

    space: str | HasId
    """Id of the space."""
    fileplan: str | HasId | None = None
    """Id of a fileplan category."""
    sub_project_of: Sequence[str | HasId] | None = None
    """Ids of projects of dynatype Programme; responses never contain it."""
    template: str | HasId | None = None
    """Id of a project template."""


@frozen(kw_only=True)
class EditProject(EditWorkItem):
    """A change to a project: only given fields are sent, and a list replaces the whole list.

    `None` clears a field; this is inferred, because the page does not say how to clear one.

    Source: https://docs.wise.is/cored/projects, "Update Project".
    """

    space: str | HasId | Unset = UNSET
    fileplan: str | HasId | Unset | None = UNSET
    sub_project_of: Sequence[str | HasId] | Unset | None = UNSET
    template: str | HasId | Unset | None = UNSET


PROJECTS = EditableKind(
    path="/api/v2/projects/",
    model=Project,
    where=ProjectWhere,
    new=NewProject,
    edit=EditProject,
    source="https://docs.wise.is/cored/projects",
)


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
    """Id of the project."""


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
