"""Projects: model, filters, new, changes and endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from coredata_async.ids import HasId
from coredata_async.resources.workitem import EditWorkItem, NewWorkItem, WorkItem, WorkItemWhere
from coredata_async.unset import UNSET, Unset
from coredata_async.wire.resource import EditableKind


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
    """Id."""
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
