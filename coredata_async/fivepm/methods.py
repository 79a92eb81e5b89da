"""The 36 methods of the service as data: client, command line and docs read the same rows.

The vendor's page prints several paths wrongly, so each row states the path that is used instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coredata_async.fivepm.method import Method, ResultKind, Route, Verb
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
)

ROOT: Final = "/api/v2/service"

_ID: Final = ("id",)
_PAGE: Final = ("offset", "count")
_SPLIT: Final = "The heading prints /post/, the example /get/."


def _row(
    verb: Verb,
    name: str,
    python: str,
    result: ResultKind,
    model: type[object] | None = None,
    *,
    key: str | None = None,
    fields: type[object] | None = None,
    filters: type[object] | None = None,
    arguments: tuple[str, ...] = (),
    note: str = "",
    fallback: bool = False,
) -> Method:
    service, _, method = name.partition(".")
    path = f"{ROOT}/{verb.lower()}/{service}/{method}"
    return Method(
        service=service,
        name=method,
        python=python,
        verb=verb,
        path=path,
        result=result,
        model=model,
        key=key,
        fields=fields,
        filters=filters,
        arguments=arguments,
        fallbacks=(Route("GET", f"{ROOT}/get/{service}/{method}"),) if fallback else (),
        note=note,
    )


_AUTHENTICATION: Final = (
    _row(
        "GET",
        "authentication.signIn",
        "auth.sign_in",
        "text",
        arguments=("login", "password"),
        note="Documented for GET alone, which puts the password into the query.",
    ),
    _row(
        "GET",
        "authentication.signOut",
        "auth.sign_out",
        "flag",
        note="Documented without arguments; the session is sent anyway.",
    ),
    _row("GET", "authentication.getAuthorizedUser", "auth.user", "one", User),
)

_METAINFO: Final = (
    _row("GET", "metainfo.getStatuses", "metainfo.statuses", "many", Status),
    _row("GET", "metainfo.getPriorities", "metainfo.priorities", "many", Priority),
)

_PROJECTS: Final = (
    _row("POST", "projects.add", "projects.add", "one", Project, key="project", fields=NewProject),
    _row(
        "POST",
        "projects.update",
        "projects.update",
        "one",
        Project,
        key="project",
        fields=EditProject,
        arguments=_ID,
    ),
    _row("POST", "projects.remove", "projects.remove", "flag", arguments=_ID),
    _row("GET", "projects.getById", "projects.get", "one", Project, arguments=_ID, note=_SPLIT),
    _row("GET", "projects.getAll", "projects.all", "many", Project, note=_SPLIT),
    _row(
        "GET",
        "projects.getList",
        "projects.list",
        "many",
        Project,
        filters=ProjectFilter,
        arguments=("load_team", *_PAGE),
        note=_SPLIT,
    ),
)

_TASKS: Final = (
    _row("POST", "tasks.add", "tasks.add", "one", Task, key="task", fields=NewTask),
    _row("POST", "tasks.update", "tasks.update", "one", Task, key="task", fields=EditTask, arguments=_ID),
    _row("POST", "tasks.remove", "tasks.remove", "flag", arguments=_ID),
    _row("GET", "tasks.getById", "tasks.get", "one", Task, arguments=_ID),
    _row(
        "GET",
        "tasks.getList",
        "tasks.list",
        "many",
        Task,
        filters=TaskFilter,
        arguments=("load_team", *_PAGE),
    ),
)

_USERS: Final = (
    _row("POST", "users.add", "users.add", "one", User, key="user", fields=NewUser),
    _row(
        "POST",
        "users.update",
        "users.update",
        "one",
        User,
        key="user",
        fields=EditUser,
        arguments=_ID,
        note="The result is not documented: it may be the user or a flag.",
    ),
    _row("POST", "users.remove", "users.remove", "flag", arguments=_ID),
    _row(
        "GET",
        "users.getById",
        "users.get",
        "one",
        User,
        arguments=_ID,
        note="The page prints the path of tasks, which would return the task of that id.",
    ),
    _row("GET", "users.getByEmail", "users.get_by_email", "one", User, arguments=("email",)),
    _row("GET", "users.getAll", "users.list", "many", User),
)

_ACTIVITY: Final = (
    _row("POST", "activity.add", "activity.add", "one", Activity, key="activity", fields=NewActivity),
    _row(
        "POST",
        "activity.update",
        "activity.update",
        "one",
        Activity,
        key="activity",
        fields=EditActivity,
        arguments=_ID,
    ),
    _row("POST", "activity.remove", "activity.remove", "flag", arguments=_ID),
    _row("GET", "activity.getById", "activity.get", "one", Activity, arguments=_ID),
    _row(
        "GET",
        "activity.getList",
        "activity.list",
        "many",
        Activity,
        filters=ActivityFilter,
        arguments=("with_files", "with_names", *_PAGE),
        note="The page's example has keys and values scrambled.",
    ),
    _row(
        "POST",
        "activity.attachFiles",
        "activity.attach",
        "flag",
        key="files",
        arguments=("activity_id", "files"),
        note="The encoding of the content is not documented.",
    ),
    _row("GET", "activity.getFilesList", "activity.files", "many", File, filters=FileFilter),
    _row(
        "POST",
        "activity.removeFile",
        "activity.remove_file",
        "flag",
        arguments=_ID,
        note=_SPLIT,
        fallback=True,
    ),
    _row(
        "POST",
        "activity.downloadFile",
        "activity.download",
        "content",
        File,
        arguments=_ID,
        note=_SPLIT,
        fallback=True,
    ),
)

_GROUPS: Final = (
    _row("POST", "projectsgroups.add", "groups.add", "one", Group, key="group", fields=NewGroup),
    _row(
        "POST",
        "projectsgroups.update",
        "groups.update",
        "one",
        Group,
        key="group",
        fields=EditGroup,
        arguments=_ID,
        note="The page spells one field projectsgroups[name]; group[name] is sent.",
    ),
    _row("POST", "projectsgroups.remove", "groups.remove", "flag", arguments=_ID),
    _row("GET", "projectsgroups.getById", "groups.get", "one", Group, arguments=_ID),
    _row("GET", "projectsgroups.getAll", "groups.list", "many", Group),
)

METHODS: Final[Mapping[str, Method]] = {
    row.full_name: row
    for rows in (_AUTHENTICATION, _METAINFO, _PROJECTS, _TASKS, _USERS, _ACTIVITY, _GROUPS)
    for row in rows
}
"""Methods by the service's own names, such as `projects.getById`."""
