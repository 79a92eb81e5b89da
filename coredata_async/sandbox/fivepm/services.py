"""Services `metainfo`, `projects`, `tasks`, `users` and `projectsgroups`.

Security levels of users are shown and not enforced. `show`, `list_all` and `remove` make the methods that
are the same for every kind of object.
"""

from collections.abc import Callable
from typing import TypeAlias

import attrs

from coredata_async.sandbox.fivepm import objects
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.fields import GROUP, PROJECT, TASK, USER, Noun, Record, flag, text
from coredata_async.sandbox.fivepm.parsing import Arguments, missing, refusal
from coredata_async.sandbox.fivepm.rendering import Item, Listed, Shown, SingleView
from coredata_async.sandbox.fivepm.responses import Response

Work: TypeAlias = Callable[[Account, Arguments], Response]
"""Function of a method: its result, for an account and the arguments of a request."""


def show(noun: Noun) -> Work:
    """Return the method that shows the object of an id, with its team."""

    def get_by_id(account: Account, asked: Arguments) -> SingleView:
        return account.viewer.single(noun, objects.find_requested(account, noun, asked))

    return get_by_id


def list_all(noun: Noun) -> Work:
    """Return the method that lists every object of a kind, without teams."""

    def get_all(account: Account, asked: Arguments) -> Listed:
        every = account.state.of(noun.name).values()
        return account.viewer.page((account.viewer.item(noun, one, team=False) for one in every), len(every))

    return get_all


def remove(noun: Noun) -> Work:
    """Return the method that removes the object of an id, with what it contains."""

    def remove_one(account: Account, asked: Arguments) -> Response:
        objects.remove(account.state, noun.name, str(objects.find_requested(account, noun, asked)["id"]))
        return {"status": True}

    return remove_one


def get_statuses(account: Account, asked: Arguments) -> Listed:
    """List the statuses of this account, without `total` and `count`."""
    return Listed(tuple(_render_choice(account, one) for one in account.state.statuses))


def get_priorities(account: Account, asked: Arguments) -> Listed:
    """List the priorities of this account, without `total` and `count`."""
    return Listed(tuple(_render_choice(account, one) for one in account.state.priorities))


def _render_choice(account: Account, row: Record) -> Shown:
    plain = {name: value for name, value in row.items() if not isinstance(value, tuple)}
    return {**plain, "id": int(str(row["id"]))} if account.dialect.numbers == "numbers" else plain


def add_project(account: Account, asked: Arguments) -> SingleView:
    """Create a project."""
    made = objects.add(account, PROJECT, asked)
    objects.notify(account, PROJECT, asked, made)
    return account.viewer.single(PROJECT, made)


def update_project(account: Account, asked: Arguments) -> SingleView:
    """Change a project."""
    _, after = objects.change(account, PROJECT, asked)
    objects.notify(account, PROJECT, asked, after)
    return account.viewer.single(PROJECT, after)


def list_projects(account: Account, asked: Arguments) -> Listed:
    """List projects page by page, with teams if `loadTeam` is set."""
    state, team = account.state, flag(asked.arguments, "loadTeam")
    every = objects.filter_records(
        state, state.projects.values(), objects.PROJECT_FILTERS, asked.array("filter")
    )
    shown = objects.page(every, asked.arguments, account.dialect)
    return account.viewer.page((account.viewer.item(PROJECT, one, team=team) for one in shown), len(every))


def add_task(account: Account, asked: Arguments) -> SingleView:
    """Create a task; with `projectId` 0 or none it does not belong to a project."""
    made = _with_group(account, objects.add(account, TASK, asked))
    objects.notify(account, TASK, asked, made)
    return _single_task(account, made)


def update_task(account: Account, asked: Arguments) -> SingleView:
    """Change a task."""
    _, after = objects.change(account, TASK, asked)
    after = _with_group(account, after)
    objects.notify(account, TASK, asked, after)
    return _single_task(account, after)


def show_task(account: Account, asked: Arguments) -> SingleView:
    """Show a task, with its team."""
    return _single_task(account, objects.find_requested(account, TASK, asked))


def list_tasks(account: Account, asked: Arguments) -> Listed:
    """List tasks page by page, with teams if `loadTeam` is set."""
    state, team = account.state, flag(asked.arguments, "loadTeam")
    every = objects.filter_records(state, state.tasks.values(), objects.TASK_FILTERS, asked.array("filter"))
    shown = objects.page(every, asked.arguments, account.dialect)
    return Listed(tuple(_task_item(account, one, team=team) for one in shown), len(every))


def _with_group(account: Account, task: Record) -> Record:
    """Put a task into its project's group."""
    project = account.state.projects.get(str(task["projectId"]))
    if project is None:
        return task
    grouped: Record = {**task, "groupId": project["groupId"]}
    account.state.tasks[str(task["id"])] = grouped
    return grouped


def _single_task(account: Account, task: Record) -> SingleView:
    return SingleView(TASK.name, _task_item(account, task, team=True))


def _task_item(account: Account, task: Record, *, team: bool) -> Item:
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
    """Return the previously created sibling; the meaning of the real `prev` is unknown."""
    place = (task["projectId"], task["parentId"])
    siblings = [
        str(i) for i, one in account.state.tasks.items() if (one["projectId"], one["parentId"]) == place
    ]
    at = siblings.index(str(task["id"])) if str(task["id"]) in siblings else 0
    return siblings[at - 1] if at else ""


def add_user(account: Account, asked: Arguments) -> SingleView:
    """Create a user, who can sign in at once."""
    _check_email(account, asked)
    return account.viewer.single(USER, objects.add(account, USER, asked))


def update_user(account: Account, asked: Arguments) -> SingleView:
    """Change a user."""
    _check_email(account, asked)
    _, after = objects.change(account, USER, asked)
    return account.viewer.single(USER, after)


def show_user_by_email(account: Account, asked: Arguments) -> SingleView:
    """Show the user with this e-mail address."""
    email = text(asked.arguments, "email").casefold()
    for user in account.state.users.values():
        if str(user["email"]).casefold() == email:
            return account.viewer.single(USER, user)
    raise missing("user")


def _check_email(account: Account, asked: Arguments) -> None:
    """Refuse an address that another user has."""
    user = asked.array("user")
    email, identifier = text(user, "email").casefold(), text(user, "id")
    others = (one for number, one in account.state.users.items() if number != identifier)
    if email and any(str(one["email"]).casefold() == email for one in others):
        raise refusal(400, "This e-mail address is taken.")


def add_group(account: Account, asked: Arguments) -> SingleView:
    """Create a group."""
    return account.viewer.single(GROUP, objects.add(account, GROUP, asked))


def update_group(account: Account, asked: Arguments) -> SingleView:
    """Rename a group."""
    if account.dialect.misprints:
        # The page prints `group[id]` with `projectsgroups[name]`; `group[name]` takes
        # precedence.
        both = {**asked.array("projectsgroups"), **asked.array(GROUP.name)}
        asked = attrs.evolve(asked, arguments={**asked.arguments, GROUP.name: both})
    _, after = objects.change(account, GROUP, asked)
    return account.viewer.single(GROUP, after)
