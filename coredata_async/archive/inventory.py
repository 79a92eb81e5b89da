"""Inventory of a 5pm project, complete even if a filter of the service omits something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from attrs import frozen

from coredata_async.errors import APIStatusError, CoreDataError
from coredata_async.fivepm import Activity, File, FivePM, Project, Task
from coredata_async.fivepm.listing import Listing
from coredata_async.transfer.workers import map_concurrently

A = TypeVar("A", Activity, File)
T = TypeVar("T", Task, Activity)

AT_ONCE: Final = 4
_DIGITS: Final = 18
"""Maximum number of digits of an id that is sorted as a number."""


@frozen(kw_only=True)
class Inventory:
    """Project with everything to be archived, each list in the order of ids."""

    project: Project
    tasks: Sequence[Task]
    activities: Sequence[Activity]
    files: Sequence[File]
    people: Mapping[str, str]
    """Names of users, by id; empty if this login may not see them."""


async def take_inventory(pm: FivePM, project_id: str) -> Inventory:
    """Read a project.

    It is not documented whether the filter by project includes activities posted to its tasks, so each task
    is asked for its own; repeated activities count once. Files are taken from their list and from the
    activities.

    Memory: all activities and the names of all files; no content.

    Raises:
        APIError: If something could not be read, because an archive with gaps is useless.
        CoreDataError: If a listing of the service has fewer objects than it counts.
    """
    project = await pm.projects.get(project_id)
    tasks = await _collect(pm.tasks.list(project_id=project_id), f"tasks of project {project_id}")

    async def of_task(task: Task) -> list[Activity]:
        listing = pm.activity.list(task_id=task.id, with_files=True, with_names=True)
        return await _collect(listing, f"activities of task {task.id}")

    listing = pm.activity.list(project_id=project_id, with_files=True, with_names=True)
    found = await _collect(listing, f"activities of project {project_id}")
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


async def _collect(listing: Listing[T], what: str) -> list[T]:
    walk = listing.walk()
    found = [each async for page in listing.pages(walk=walk) for each in page.items]
    if walk.missing:
        raise CoreDataError(
            f"5pm lists {len(found)} of {walk.total} {what}, so the archive would have gaps; try again, or "
            "use a login that sees all of them"
        )
    return found


async def _people(pm: FivePM) -> Mapping[str, str]:
    try:
        users = await pm.users.list().collect()
    except APIStatusError:  # the visible users depend on the login
        return {}
    return {
        each.id: " ".join(part for part in (each.first_name, each.last_name) if part) or each.email
        for each in users
    }


def _attachments(activities: Iterable[Activity]) -> list[File]:
    return [file for each in activities for file in each.files]


def _once(things: Iterable[A]) -> list[A]:
    """Return the first object of each id."""
    found: dict[str, A] = {}
    for each in things:
        found.setdefault(each.id, each)
    return sorted(found.values(), key=lambda each: _order(each.id))


def _order(key: str) -> tuple[int, str]:
    return (int(key) if key.isdecimal() and len(key) <= _DIGITS else 0, key)
