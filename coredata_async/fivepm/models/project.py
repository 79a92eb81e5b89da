"""Projects: model, filters, and fields to create and change."""

from __future__ import annotations

from attrs import frozen

from coredata_async.fivepm.models.work_item import EditWorkItem, WorkFilter, WorkItem
from coredata_async.ids import HasId
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class Project(WorkItem):
    """Project with its tasks."""


@frozen(kw_only=True)
class EditProject(EditWorkItem):
    """Change to a project: only the given fields are sent, and `None` clears.

    The two `notify_…` flags send e-mail to real people, each time they are sent.
    """


@frozen(kw_only=True)
class NewProject(EditProject):
    """New project."""

    name: str  # pyright: ignore[reportGeneralTypeIssues]


@frozen(kw_only=True)
class ProjectFilter(WorkFilter):
    """Filters for projects. Whether `name` matches in whole or in part is not documented."""

    owner_id: str | HasId | Unset = UNSET
    name: str | Unset = UNSET
