"""What a project is, how to filter projects, and how to make and change one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from attrs import field, frozen

from coredata_async.fivepm.models.team import Team
from coredata_async.ids import HasId
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class Project:
    """A project with its tasks."""

    id: str
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    owner_id: str | None = None
    """The user who made it."""
    group_id: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    """The deadline."""
    priority: int | None = None
    """An open number, see `metainfo.priorities`."""
    status: int | None = None
    """An open number, see `metainfo.statuses`."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    notify_project_team: bool | None = None
    notify_client: bool | None = None
    hidden: bool | None = None
    """Hidden from those outside the team, but not from clients."""
    flag: int | None = None
    """Colour of the star: 0 none, 1 violet, 2 orange, 3 red."""
    team: Team | None = None
    """In listings only if asked for with `load_team`."""
    can_edit: bool | None = None
    """Whether the caller may change it."""
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class EditProject:
    """A change to a project: only what is given is sent, and `None` clears.

    The two `notify_…` flags send e-mail to real people, each time they are sent.
    """

    name: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET
    """A list, or one text with commas. A tag cannot hold a comma."""
    owner_id: str | HasId | Unset | None = UNSET
    group_id: str | HasId | Unset | None = UNSET
    start_date: datetime | date | Unset | None = UNSET
    end_date: datetime | date | Unset | None = UNSET
    """The deadline."""
    priority: int | Unset | None = UNSET
    status: int | Unset | None = UNSET
    notify_project_team: bool | Unset = UNSET
    notify_client: bool | Unset = UNSET
    hidden: bool | Unset | None = UNSET
    flag: int | Unset | None = UNSET
    team: Sequence[str | HasId] | Unset | None = UNSET
    """Ids of users. How a team is written is not documented: see `Form.team`."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further fields, by the service's names."""


@frozen(kw_only=True)
class NewProject(EditProject):
    """A project to be."""

    name: str  # pyright: ignore[reportGeneralTypeIssues]


@frozen(kw_only=True)
class ProjectFilter:
    """Which projects to list. Whether `name` is matched in whole or in part is not documented."""

    group_id: str | HasId | Unset = UNSET
    owner_id: str | HasId | Unset = UNSET
    name: str | Unset = UNSET
    assigned_to: str | Unset = UNSET
    """Id of a user."""
    active: bool | Unset = UNSET
    closed_within_days: int | Unset = UNSET
    """Leave out those closed more days ago."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further filters, by the service's names."""
