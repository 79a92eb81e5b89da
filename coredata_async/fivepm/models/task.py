"""Tasks: model, filters, and fields to create and change."""

from __future__ import annotations

from datetime import date, datetime

from attrs import frozen

from coredata_async.fivepm.models.work_item import EditWorkItem, WorkFilter, WorkItem
from coredata_async.ids import HasId
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class Task(WorkItem):
    """Unit of work, inside a project or on its own."""

    parent_id: str | None = None
    """Parent task."""
    parent_name: str = ""
    project_id: str | None = None
    """`None` for a task on its own."""
    progress: int | None = None
    """Percent."""
    notify_task_team: bool | None = None
    hours_done: float | None = None
    estimated_time: float | None = None
    """Hours."""


@frozen(kw_only=True)
class EditTask(EditWorkItem):
    """Change to a task: only the given fields are sent, and `None` clears.

    The three `notify_…` flags send e-mail to real people, each time they are sent.
    """

    parent_id: str | HasId | Unset | None = UNSET
    project_id: str | HasId | Unset | None = UNSET
    progress: int | Unset | None = UNSET
    """Percent."""
    notify_task_team: bool | Unset = UNSET
    hours_done: float | Unset | None = UNSET
    """Hours. It is not documented whether the service computes it from the activities instead."""
    estimated_time: float | Unset | None = UNSET
    """Hours."""


@frozen(kw_only=True)
class NewTask(EditTask):
    """New task."""

    name: str  # pyright: ignore[reportGeneralTypeIssues]


@frozen(kw_only=True)
class TaskFilter(WorkFilter):
    """Filters for tasks.

    It is not documented whether the bounds are included, and whether `name` matches in whole or in part.
    """

    project_id: str | HasId | Unset = UNSET
    parent_id: str | HasId | Unset = UNSET
    owner_id: str | HasId | Unset = UNSET
    name: str | Unset = UNSET
    started_from: datetime | date | Unset = UNSET
    started_before: datetime | date | Unset = UNSET
    deadline_from: datetime | date | Unset = UNSET
    deadline_before: datetime | date | Unset = UNSET
    progress_less_than: int | Unset = UNSET
    progress_more_than: int | Unset = UNSET
    created_from: datetime | date | Unset = UNSET
    created_before: datetime | date | Unset = UNSET
    updated_from: datetime | date | Unset = UNSET
    updated_before: datetime | date | Unset = UNSET
