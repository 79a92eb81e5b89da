"""Names in Python and in the service: an explicit table, because the service mixes two styles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coredata_async.fivepm.models.activity import Activity, ActivityFilter, EditActivity, NewActivity
from coredata_async.fivepm.models.file import File, FileFilter
from coredata_async.fivepm.models.group import EditGroup, Group, NewGroup
from coredata_async.fivepm.models.metainfo import Priority, Status
from coredata_async.fivepm.models.project import EditProject, NewProject, Project, ProjectFilter
from coredata_async.fivepm.models.task import EditTask, NewTask, Task, TaskFilter
from coredata_async.fivepm.models.team import Team
from coredata_async.fivepm.models.user import EditUser, NewUser, User

Names = Mapping[str, str]
"""Map from Python's names to the service's."""

GROUP: Final[Names] = {"id": "id", "name": "name"}

STATUS: Final[Names] = {"id": "id", "name": "name", "alias": "alias", "is_final": "is_final"}

PRIORITY: Final[Names] = {"id": "id", "name": "name", "default": "default"}

TEAM: Final[Names] = {"total": "total", "count": "count", "items": "items"}

FILE: Final[Names] = {
    "id": "id",
    "name": "name",
    "type": "type",
    "size": "size",
    "activity_id": "activityId",
    "activity_type": "activityType",
    "created_at": "createdAt",
}

USER: Final[Names] = {
    "id": "id",
    "title": "title",
    "email": "email",
    "password": "password",
    "first_name": "firstName",
    "last_name": "lastName",
    "address": "address",
    "work_phone": "workPhone",
    "cell_phone": "cellPhone",
    "company": "company",
    "security_level": "securityLevel",
    "comment": "comment",
    "can_view_profiles": "canViewProfiles",
    "avatar": "avatar",
}

_PROJECT_OR_TASK: Final[Names] = {
    "id": "id",
    "name": "name",
    "description": "description",
    "tags": "tags",
    "owner_id": "ownerId",
    "group_id": "groupId",
    "start_date": "startDate",
    "end_date": "endDate",
    "priority": "priority",
    "status": "status",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "notify_project_team": "notifyProjectTeam",
    "notify_client": "notifyClient",
    "hidden": "hidden",
    "flag": "flag",
    "team": "team",
    "can_edit": "can_edit",
}

PROJECT: Final[Names] = _PROJECT_OR_TASK

TASK: Final[Names] = {
    **_PROJECT_OR_TASK,
    "parent_id": "parentId",
    "parent_name": "parentName",
    "project_id": "projectId",
    "progress": "progress",
    "notify_task_team": "notifyTaskTeam",
    "hours_done": "hoursDone",
    "estimated_time": "estimatedTime",
}

ACTIVITY: Final[Names] = {
    "id": "id",
    "task_id": "taskId",
    "task_name": "taskName",
    "project_id": "projectId",
    "project_name": "projectName",
    "type": "type",
    "text": "text",
    "owner_id": "ownerId",
    "progress": "progress",
    "hours_done": "hoursDone",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "notify_project_team": "notifyProjectTeam",
    "notify_task_team": "notifyTaskTeam",
    "notify_client": "notifyClient",
    "hide_from_clients": "hideFromClients",
    "date": "date",
    "files": "files",
}

PROJECT_FILTERS: Final[Names] = {
    "group_id": "groupId",
    "owner_id": "ownerId",
    "name": "name",
    "assigned_to": "assignedTo",
    "active": "active",
    "closed_within_days": "hide_old_object_period",
}

TASK_FILTERS: Final[Names] = {
    **PROJECT_FILTERS,
    "project_id": "projectId",
    "parent_id": "parentId",
    "started_from": "startedFrom",
    "started_before": "startedBefore",
    "deadline_from": "deadlineFrom",
    "deadline_before": "deadlineBefore",
    "progress_less_than": "progressLessThan",
    "progress_more_than": "progressMoreThan",
    "created_from": "createdFrom",
    "created_before": "createdBefore",
    "updated_from": "updatedFrom",
    "updated_before": "updatedBefore",
}

ACTIVITY_FILTERS: Final[Names] = {
    "project_id": "projectId",
    "task_id": "taskId",
    "type": "type",
    "group_id": "groupId",
    "assigned_to": "assignedTo",
    "active": "active",
    "closed_within_days": "hide_non_active",
}

FILE_FILTERS: Final[Names] = {"project_id": "projectId"}

ARGUMENTS: Final[Names] = {
    "id": "id",
    "login": "login",
    "password": "password",
    "email": "email",
    "activity_id": "activityId",
    "files": "files",
    "load_team": "loadTeam",
    "with_files": "withFiles",
    "with_names": "withNames",
    "offset": "offset",
    "count": "count",
}
"""Arguments that belong neither to an object nor to a filter."""

NAMES: Final[Mapping[type[object], Names]] = {
    Group: GROUP,
    EditGroup: GROUP,
    NewGroup: GROUP,
    Status: STATUS,
    Priority: PRIORITY,
    Team: TEAM,
    File: FILE,
    FileFilter: FILE_FILTERS,
    User: USER,
    EditUser: USER,
    NewUser: USER,
    Project: PROJECT,
    EditProject: PROJECT,
    NewProject: PROJECT,
    ProjectFilter: PROJECT_FILTERS,
    Task: TASK,
    EditTask: TASK,
    NewTask: TASK,
    TaskFilter: TASK_FILTERS,
    Activity: ACTIVITY,
    EditActivity: ACTIVITY,
    NewActivity: ACTIVITY,
    ActivityFilter: ACTIVITY_FILTERS,
}
"""Tables of every class that is read or written."""
