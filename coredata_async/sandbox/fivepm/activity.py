"""Service `activity`, without its files (facts 3.6)."""

from coredata_async.sandbox.fivepm import filters, objects
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.errors import refusal
from coredata_async.sandbox.fivepm.fields import ACTIVITY, DONE, TASK, Record
from coredata_async.sandbox.fivepm.parsing import Arguments
from coredata_async.sandbox.fivepm.rendering import Item, Listed, Shown, SingleView
from coredata_async.sandbox.fivepm.values import accept_fields, flag, text, value

_ALL_DONE = 100


def add(account: Account, asked: Arguments) -> SingleView:
    """Post to a project or a task; a progress note changes the task."""
    given = asked.array("activity")
    _check(account, {name: text(given, name) for name in ("taskId", "projectId", "type", "progress")})
    _check_hidden(accept_fields(ACTIVITY, given))
    # An activity of a task belongs to the task's project, too.
    task = account.state.tasks.get(text(given, "taskId"), {})
    defaults: Record = {"date": account.state.now, "projectId": task.get("projectId")}
    made = objects.add(account, ACTIVITY, asked, defaults=defaults)
    _apply_progress(account, made)
    objects.notify(account, ACTIVITY, asked, made)
    return _single(account, made)


def update(account: Account, asked: Arguments) -> SingleView:
    """Change an activity; another percentage changes the progress."""
    given = asked.array("activity")
    _check_hidden({**account.state.activity.get(text(given, "id"), {}), **accept_fields(ACTIVITY, given)})
    before, after = objects.change(account, ACTIVITY, asked)
    if before["progress"] != after["progress"]:
        _apply_progress(account, after)
    objects.notify(account, ACTIVITY, asked, after)
    return _single(account, after)


def get_by_id(account: Account, asked: Arguments) -> SingleView:
    """Show an activity with its files and names (the real service is not known to do so: facts 12.18)."""
    return _single(account, objects.find_requested(account, ACTIVITY, asked))


def get_list(account: Account, asked: Arguments) -> Listed:
    """List activities page by page, with files and names if requested."""
    state, given = account.state, asked.array("filter")
    names, files = flag(asked.arguments, "withNames"), flag(asked.arguments, "withFiles")
    of_it = {name: node for name, node in given.items() if name not in filters.POSTED_TO}
    of_its_place = {name: node for name, node in given.items() if name in filters.POSTED_TO}
    every = [
        one
        for one in filters.filter_records(state, state.activity.values(), filters.POSTED, of_it)
        if filters.filter_records(state, _find_place(account, one), filters.POSTED_TO, of_its_place)
    ]
    shown = objects.page(every, asked.arguments, account.dialect)
    return Listed(tuple(_item(account, one, names=names, files=files) for one in shown), len(every))


def _check(account: Account, given: dict[str, str]) -> None:
    """Refuse an activity without a project or task, and progress without a task or a percentage (facts 5)."""
    if value("reference", "taskId", given["taskId"]) is None and not value(
        "reference", "projectId", given["projectId"]
    ):
        raise refusal(400, "activity needs taskId or projectId.")
    if given["type"] == "progress" and not (given["taskId"] and given["progress"]):
        raise refusal(400, "A progress note needs taskId and progress.")


def _check_hidden(note: Record) -> None:
    """Refuse to hide an activity that reports progress: the page says that it cannot be hidden."""
    reports = note.get("type") == "progress" or note.get("progress") is not None
    if reports and note.get("hideFromClients"):
        raise refusal(400, "hideFromClients: a progress note cannot be hidden from clients.")


def _apply_progress(account: Account, note: Record) -> None:
    """Apply the newest percentage; 100 also changes the status (facts 11)."""
    if note["type"] != "progress" or not note["taskId"]:
        return
    done: Record = {"status": DONE} if note["progress"] == _ALL_DONE else {}
    account.state.change(TASK, str(note["taskId"]), {"progress": note["progress"], **done})


def _find_place(account: Account, note: Record) -> list[Record]:
    """Return the object of an activity: its task, else its project."""
    task = account.state.tasks.get(str(note["taskId"]))
    place = task or account.state.projects.get(str(note["projectId"]))
    return [place] if place else []


def _single(account: Account, note: Record) -> SingleView:
    return SingleView(ACTIVITY.name, _item(account, note, names=True, files=True))


def _item(account: Account, note: Record, *, names: bool, files: bool) -> Item:
    plus: dict[str, Shown] = {}
    if names:
        task = account.state.tasks.get(str(note["taskId"]), {})
        project = account.state.projects.get(str(note["projectId"] or task.get("projectId")), {})
        plus |= {"taskName": str(task.get("name", "")), "projectName": str(project.get("name", ""))}
    if files:
        plus["files"] = account.viewer.files(str(note["id"]))
    shown = account.viewer.item(ACTIVITY, note, plus=plus)
    return {name: one for name, one in shown.items() if names or name not in ("taskName", "projectName")}
