"""Names in Python and in the service: `group_id` is `groupId` there, with the exceptions listed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from coredata_async.fivepm.models.account import (
    EditGroup,
    EditUser,
    Group,
    NewGroup,
    NewUser,
    Priority,
    Status,
    User,
)
from coredata_async.fivepm.models.activity import (
    Activity,
    ActivityFilter,
    EditActivity,
    File,
    FileFilter,
    NewActivity,
)
from coredata_async.fivepm.models.work_items import (
    EditProject,
    EditTask,
    NewProject,
    NewTask,
    Project,
    ProjectFilter,
    Task,
    TaskFilter,
    Team,
)

Names = Mapping[str, str]
"""Map from Python's names to the service's."""


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def _names(*kinds: type[attrs.AttrsInstance], **exceptions: str) -> Names:
    """Return the table of classes that describe the same object: read, changed and new."""
    fields = (each.name for kind in kinds for each in attrs.fields(kind) if each.name != "extra")
    return {name: exceptions.get(name) or _camel_case(name) for name in fields}


ARGUMENTS: Final[Names] = {
    name: _camel_case(name)
    for name in (
        *("id", "login", "password", "email", "activity_id", "files"),
        *("load_team", "with_files", "with_names", "offset", "count"),
    )
}
"""Arguments that belong neither to an object nor to a filter."""

_TABLES: Final[Mapping[tuple[type[attrs.AttrsInstance], ...], Mapping[str, str]]] = {
    (Group, EditGroup, NewGroup): {},
    (Status,): {"is_final": "is_final"},
    (Priority,): {},
    (Team,): {},
    (File,): {},
    (FileFilter,): {},
    (User, EditUser, NewUser): {},
    (Project, EditProject, NewProject): {"can_edit": "can_edit"},
    (ProjectFilter,): {"closed_within_days": "hide_old_object_period"},
    (Task, EditTask, NewTask): {"can_edit": "can_edit"},
    (TaskFilter,): {"closed_within_days": "hide_old_object_period"},
    (Activity, EditActivity, NewActivity): {},
    (ActivityFilter,): {"closed_within_days": "hide_non_active"},
}
"""Names that do not follow the rule, for each group of classes that describe the same object."""

NAMES: Final[Mapping[type[object], Names]] = {
    kind: _names(*kinds, **exceptions) for kinds, exceptions in _TABLES.items() for kind in kinds
}
"""Tables of every class that is read or written."""
