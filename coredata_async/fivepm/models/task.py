"""Tasks: model, filters, and fields to create and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from attrs import field, frozen

from coredata_async.fivepm.models.team import Team
from coredata_async.ids import HasId
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class Task:
    """Unit of work, inside a project or on its own."""

    id: str
    name: str = ""
    parent_id: str | None = None
    """Parent task."""
    parent_name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    project_id: str | None = None
    """`None` for a task on its own."""
    owner_id: str | None = None
    group_id: str | None = None
    """Group; inside a project, that of the project."""
    start_date: datetime | None = None
    end_date: datetime | None = None
    """The deadline. The vendor's page calls it the end of the task; its filters do not."""
    priority: int | None = None
    """Open number, see `metainfo.priorities`."""
    progress: int | None = None
    """Percent."""
    status: int | None = None
    """Open number, see `metainfo.statuses`."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    notify_project_team: bool | None = None
    notify_task_team: bool | None = None
    notify_client: bool | None = None
    hidden: bool | None = None
    flag: int | None = None
    """Colour of the star: 0 none, 1 violet, 2 orange, 3 red."""
    hours_done: float | None = None
    estimated_time: float | None = None
    """Hours."""
    team: Team | None = None
    """In listings only if requested with `load_team`."""
    can_edit: bool | None = None
    """True if the caller may change it."""
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class EditTask:
    """Change to a task: only the given fields are sent, and `None` clears.

    The three `notify_…` flags send e-mail to real people, each time they are sent.
    """

    name: str | Unset | None = UNSET
    parent_id: str | HasId | Unset | None = UNSET
    description: str | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET
    """List, or one text with commas. A tag cannot contain a comma."""
    project_id: str | HasId | Unset | None = UNSET
    owner_id: str | HasId | Unset | None = UNSET
    group_id: str | HasId | Unset | None = UNSET
    start_date: datetime | date | Unset | None = UNSET
    end_date: datetime | date | Unset | None = UNSET
    """The deadline."""
    priority: int | Unset | None = UNSET
    progress: int | Unset | None = UNSET
    """Percent."""
    status: int | Unset | None = UNSET
    notify_project_team: bool | Unset = UNSET
    notify_task_team: bool | Unset = UNSET
    notify_client: bool | Unset = UNSET
    hidden: bool | Unset | None = UNSET
    flag: int | Unset | None = UNSET
    hours_done: float | Unset | None = UNSET
    """Hours. It is not documented whether the service computes it from the activities instead."""
    estimated_time: float | Unset | None = UNSET
    """Hours."""
    team: Sequence[str | HasId] | Unset | None = UNSET
    """Ids of users. The encoding of a team is not documented: see `RequestStyle.team`."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further fields, by the service's names."""


@frozen(kw_only=True)
class NewTask(EditTask):
    """New task."""

    name: str  # pyright: ignore[reportGeneralTypeIssues]


@frozen(kw_only=True)
class TaskFilter:
    """Filters for tasks.

    It is not documented whether the bounds are included, and whether `name` matches in whole or in part.
    """

    project_id: str | HasId | Unset = UNSET
    parent_id: str | HasId | Unset = UNSET
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
    group_id: str | HasId | Unset = UNSET
    owner_id: str | HasId | Unset = UNSET
    name: str | Unset = UNSET
    assigned_to: str | Unset = UNSET
    """Id of a user."""
    active: bool | Unset = UNSET
    closed_within_days: int | Unset = UNSET
    """Exclude tasks that were closed longer ago, in days."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further filters, by the service's names."""
