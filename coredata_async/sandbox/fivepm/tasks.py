"""Service `tasks` (facts 3.4)."""

from coredata_async.sandbox.fivepm import filters, objects
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.arguments import Arguments
from coredata_async.sandbox.fivepm.cascade import remove as cascade
from coredata_async.sandbox.fivepm.fields import TASK, Record
from coredata_async.sandbox.fivepm.notices import notify
from coredata_async.sandbox.fivepm.pages import page
from coredata_async.sandbox.fivepm.rendering import Item, Listed, SingleView
from coredata_async.sandbox.fivepm.responses import Response
from coredata_async.sandbox.fivepm.values import flag


def add(account: Account, asked: Arguments) -> SingleView:
    """Create a task; with `projectId` 0 or none it does not belong to a project."""
    made = _with_group(account, objects.add(account, TASK, asked))
    notify(account, TASK, asked, made)
    return _single(account, made)


def update(account: Account, asked: Arguments) -> SingleView:
    """Change a task."""
    _, after = objects.change(account, TASK, asked)
    after = _with_group(account, after)
    notify(account, TASK, asked, after)
    return _single(account, after)


def remove(account: Account, asked: Arguments) -> Response:
    """Remove a task with the tasks below it."""
    cascade(account.state, "task", str(objects.find_requested(account, TASK, asked)["id"]))
    return {"status": True}


def get_by_id(account: Account, asked: Arguments) -> SingleView:
    """Show a task, with its team."""
    return _single(account, objects.find_requested(account, TASK, asked))


def get_list(account: Account, asked: Arguments) -> Listed:
    """List tasks page by page, with teams if `loadTeam` is set."""
    state, team = account.state, flag(asked.arguments, "loadTeam")
    every = filters.filter_records(state, state.tasks.values(), filters.TASKS, asked.array("filter"))
    shown = page(every, asked.arguments, account.dialect)
    return Listed(tuple(_item(account, one, team=team) for one in shown), len(every))


def _with_group(account: Account, task: Record) -> Record:
    """Put a task into its project's group (facts 5)."""
    project = account.state.projects.get(str(task["projectId"]))
    if project is None:
        return task
    grouped: Record = {**task, "groupId": project["groupId"]}
    account.state.tasks[str(task["id"])] = grouped
    return grouped


def _single(account: Account, task: Record) -> SingleView:
    return SingleView(TASK.name, _item(account, task, team=True))


def _item(account: Account, task: Record, *, team: bool) -> Item:
    parent = account.state.tasks.get(str(task["parentId"]), {})
    derived: Item = {
        "parentName": str(parent.get("name", "")),
        "hoursDone": _hours(account, str(task["id"])),
        "prev": _before(account, task),
    }
    return account.viewer.item(TASK, task, team=team, plus=derived)


def _hours(account: Account, task: str) -> float:
    """Return the sum of the time notes."""
    notes = (one["hoursDone"] for one in account.state.activity.values() if one["taskId"] == task)
    return sum((hours for hours in notes if isinstance(hours, float)), 0.0)


def _before(account: Account, task: Record) -> str:
    """Return the previously created sibling; the meaning of the real `prev` is unknown (facts 5)."""
    place = (task["projectId"], task["parentId"])
    siblings = [
        str(i) for i, one in account.state.tasks.items() if (one["projectId"], one["parentId"]) == place
    ]
    at = siblings.index(str(task["id"])) if str(task["id"]) in siblings else 0
    return siblings[at - 1] if at else ""
