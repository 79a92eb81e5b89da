"""Activities and the files attached to them: models, filters, and fields to post and change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as date_type
from datetime import datetime
from typing import Literal

from attrs import field, frozen

from coredata_async.fivepm.models.work_items import WorkFilter
from coredata_async.ids import HasId
from coredata_async.unset import UNSET, Unset

ActivityType = Literal["msg", "progress", "file", "googledocs", "ss_boards", "ff_boards"]
"""Message, progress note, file note, Google Docs link, SpiderScribe board, FireFly screen."""


@frozen(kw_only=True)
class File:
    """File attached to an activity. The vendor's description of it is lost: these fields are inferred."""

    id: str
    name: str = ""
    type: str = ""
    """Media type or extension: not documented."""
    size: int | None = None
    """Bytes, presumably."""
    activity_id: str | None = None
    activity_type: str = ""
    created_at: datetime | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class Activity:
    """Message, progress note or the like, posted to a project or a task."""

    id: str
    task_id: str | None = None
    task_name: str = ""
    """Only if requested with `with_names`."""
    project_id: str | None = None
    project_name: str = ""
    """Only if requested with `with_names`."""
    type: str = ""
    """See `ActivityType`."""
    text: str = ""
    owner_id: str | None = None
    progress: int | None = None
    """Percent."""
    hours_done: float | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    notify_project_team: bool | None = None
    notify_task_team: bool | None = None
    notify_client: bool | None = None
    hide_from_clients: bool | None = None
    date: datetime | None = None
    """Time of posting."""
    files: tuple[File, ...] = ()
    """Only if requested with `with_files`."""
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class EditActivity:
    """Change to an activity: only the given fields are sent, and `None` clears.

    The three `notify_…` flags send e-mail to real people, each time they are sent.
    """

    task_id: str | HasId | Unset | None = UNSET
    project_id: str | HasId | Unset | None = UNSET
    type: ActivityType | Unset = UNSET
    """Message, progress note, file note, Google Docs link, SpiderScribe board, or FireFly screen."""
    text: str | Unset | None = UNSET
    owner_id: str | HasId | Unset | None = UNSET
    """Id of the user who posts it."""
    progress: int | Unset | None = UNSET
    """Percent. Posting it changes the progress of the task, and at 100 its status."""
    hours_done: float | Unset | None = UNSET
    notify_project_team: bool | Unset = UNSET
    """True to send e-mail to the team of the project."""
    notify_task_team: bool | Unset = UNSET
    """True to send e-mail to the team of the task."""
    notify_client: bool | Unset = UNSET
    """True to send e-mail to the client."""
    hide_from_clients: bool | Unset | None = UNSET
    """True to hide it from clients. Progress notes cannot be hidden."""
    date: datetime | date_type | Unset | None = UNSET
    """Time of posting."""
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further fields, by the service's names."""


@frozen(kw_only=True)
class NewActivity(EditActivity):
    """New activity: it needs a `task_id`, or a `project_id` for a message."""

    type: ActivityType  # pyright: ignore[reportGeneralTypeIssues]
    text: str  # pyright: ignore[reportGeneralTypeIssues]


@frozen(kw_only=True)
class ActivityFilter(WorkFilter):
    """Filters for activities. All but `type` test the project or task of the activity, not the activity."""

    project_id: str | HasId | Unset = UNSET
    task_id: str | HasId | Unset = UNSET
    type: ActivityType | Unset = UNSET
    """Message, progress note, file note, Google Docs link, SpiderScribe board, or FireFly screen."""


@frozen(kw_only=True)
class FileFilter:
    """Filters for files. Only `project_id` is documented."""

    project_id: str | HasId | Unset = UNSET
    extra: Mapping[str, object] = field(factory=dict[str, object])
    """Further filters, by the service's names."""
