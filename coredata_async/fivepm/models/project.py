"""Projects: model, filters, and fields to create and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from attrs import field, frozen

from coredata_async.fivepm.models.team import Team
from coredata_async.ids import HasId
from coredata_async.unset import UNSET, Unset


@frozen(kw_only=True)
class Project:
    """Project with its tasks."""

    id: str
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    owner_id: str | None = None
    """The user who created it."""
    group_id: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    """The deadline."""
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
class EditProject:
    """Change to a project: only the given fields are sent, and `None` clears.

    The two `notify_…` flags send e-mail to real people, each time they are sent.
    """

    name: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    tags: Sequence[str] | Unset | None = UNSET
    """List, or one text with commas. A tag cannot contain a comma."""
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
    """Ids of users. The encoding of a team is not documented: see `RequestStyle.team`."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further fields, by the service's names."""


@frozen(kw_only=True)
class NewProject(EditProject):
    """New project."""

    name: str  # pyright: ignore[reportGeneralTypeIssues]


@frozen(kw_only=True)
class ProjectFilter:
    """Filters for projects. Whether `name` matches in whole or in part is not documented."""

    group_id: str | HasId | Unset = UNSET
    owner_id: str | HasId | Unset = UNSET
    name: str | Unset = UNSET
    assigned_to: str | Unset = UNSET
    """Id of a user."""
    active: bool | Unset = UNSET
    closed_within_days: int | Unset = UNSET
    """Exclude projects that were closed longer ago, in days."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further filters, by the service's names."""
