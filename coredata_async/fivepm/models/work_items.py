"""Projects and tasks with their teams: models, filters, and fields to create and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from attrs import field, frozen

from coredata_async.fivepm.models.account import User
from coredata_async.ids import HasId
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class Team:
    """Team of a project or a task.

    It is not documented whether its items are bare ids or whole users. Both become users here, perhaps with
    an id only.
    """

    total: int | None = None
    """Number of members."""
    count: int | None = None
    """Number of users in `items`."""
    items: tuple[User, ...] = ()
    extra: Mapping[str, object] = field(factory=dict[str, object])

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the users."""
        return tuple(user.id for user in self.items)


@frozen(kw_only=True)
class WorkItem:
    """A project or a task."""

    id: str
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    owner_id: str | None = None
    """The user who created it."""
    group_id: str | None = None
    """Group; that of a task inside a project is the project's."""
    start_date: datetime | None = None
    end_date: datetime | None = None
    """The deadline. The vendor's page calls it the end of a task; its filters do not."""
    priority: int | None = None
    """Open number, see `metainfo.priorities`."""
    status: int | None = None
    """Open number, see `metainfo.statuses`."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    notify_project_team: bool | None = None
    notify_client: bool | None = None
    hidden: bool | None = None
    """Hidden from users outside the team, but not from clients."""
    flag: int | None = None
    """Colour of the star: 0 none, 1 violet, 2 orange, 3 red."""
    team: Team | None = None
    """In listings only if requested with `load_team`."""
    can_edit: bool | None = None
    """True if the caller may change it."""
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class EditWorkItem:
    """Fields of a project or a task that can be changed."""

    name: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET
    """List, or one text with commas. A tag cannot contain a comma."""
    owner_id: str | HasId | Unset | None = UNSET
    """Id of the user who created it."""
    group_id: str | HasId | Unset | None = UNSET
    """Id of the group of projects."""
    start_date: datetime | date | Unset | None = UNSET
    end_date: datetime | date | Unset | None = UNSET
    """The deadline."""
    priority: int | Unset | None = UNSET
    """Priority: 1 low, 2 normal, 3 high, 4 urgent, or a number of the account's own."""
    status: int | Unset | None = UNSET
    """Status: 10 open, 20 on hold, 30 done, or a number of the account's own."""
    notify_project_team: bool | Unset = UNSET
    """True to send e-mail to the team of the project."""
    notify_client: bool | Unset = UNSET
    """True to send e-mail to the client."""
    hidden: bool | Unset | None = UNSET
    """True to hide it from users outside the team, but not from clients."""
    flag: int | Unset | None = UNSET
    """Colour of the star: 0 none, 1 violet, 2 orange, 3 red."""
    team: Sequence[str | HasId] | Unset | None = UNSET
    """Ids of users. The encoding of a team is not documented.

    See `RequestStyle.team`.
    """
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further fields, by the service's names."""


@frozen(kw_only=True)
class WorkFilter:
    """Filters that test a project or a task, for lists of these and of their activities."""

    group_id: str | HasId | Unset = UNSET
    """Id of the group of projects."""
    assigned_to: str | Unset = UNSET
    """Id of a user."""
    active: bool | Unset = UNSET
    """Only projects and tasks that are not closed."""
    closed_within_days: int | Unset = UNSET
    """Exclude projects and tasks that were closed longer ago, in days."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further filters, by the service's names."""


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
    """Id of the user who created it."""
    name: str | Unset = UNSET
    """Name; it is not documented whether it matches in whole or in part."""


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
    """Id of the parent task."""
    project_id: str | HasId | Unset | None = UNSET
    progress: int | Unset | None = UNSET
    """Percent."""
    notify_task_team: bool | Unset = UNSET
    """True to send e-mail to the team of the task."""
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
    """Id of the parent task."""
    owner_id: str | HasId | Unset = UNSET
    """Id of the user who created it."""
    name: str | Unset = UNSET
    """Name; it is not documented whether it matches in whole or in part."""
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
