"""What a 5pm project holds: read whole, whatever a filter of the service may leave out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from attrs import frozen

from coredata_async.errors import APIStatusError
from coredata_async.fivepm import Activity, File, FivePM, Project, Task
from coredata_async.transfer.workers import map_concurrently

A = TypeVar("A", Activity, File)

AT_ONCE: Final = 4


@frozen(kw_only=True)
class Inventory:
    """A project with all that is to be archived, each in the order of ids."""

    project: Project
    tasks: Sequence[Task]
    activities: Sequence[Activity]
    files: Sequence[File]
    people: Mapping[str, str]
    """What users are called, by id; empty if this login may not see them."""


async def take_inventory(pm: FivePM, project_id: str) -> Inventory:
    """Read a project.

    Whether the filter by project finds what was posted to a task of it, is not documented, so each task is
    asked for its own; what comes twice counts once. Files are taken from their list and from the activities.

    Memory: all activities and the names of all files; no content.

    Raises:
        APIError: Something could not be read: an archive with gaps is none.
    """
    project = await pm.projects.get(project_id)
    tasks = await pm.tasks.list(project_id=project_id).collect()

    async def of_task(task: Task) -> list[Activity]:
        return await pm.activity.list(task_id=task.id, with_files=True, with_names=True).collect()

    found = await pm.activity.list(project_id=project_id, with_files=True, with_names=True).collect()
    for more in await map_concurrently(tasks, of_task, AT_ONCE):
        found += more
    activities = _once(found)
    files = _once([*await pm.activity.files(project_id=project_id), *_attachments(activities)])
    return Inventory(
        project=project,
        tasks=sorted(tasks, key=lambda each: _order(each.id)),
        activities=activities,
        files=files,
        people=await _people(pm),
    )


async def _people(pm: FivePM) -> Mapping[str, str]:
    try:
        users = await pm.users.list().collect()
    except APIStatusError:  # who may see whom depends on the login
        return {}
    return {
        each.id: " ".join(part for part in (each.first_name, each.last_name) if part) or each.email
        for each in users
    }


def _attachments(activities: Iterable[Activity]) -> list[File]:
    return [file for each in activities for file in each.files]


def _once(things: Iterable[A]) -> list[A]:
    """Each id once, as it came first."""
    found: dict[str, A] = {}
    for each in things:
        found.setdefault(each.id, each)
    return sorted(found.values(), key=lambda each: _order(each.id))


def _order(key: str) -> tuple[int, str]:
    return (int(key) if key.isdecimal() else 0, key)
