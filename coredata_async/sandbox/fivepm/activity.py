"""Service `activity`, with its files: attached, listed, downloaded."""

import base64
import binascii
import mimetypes

from coredata_async.sandbox.fivepm import objects
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.fields import (
    ACTIVITY,
    DONE,
    FILE,
    TASK,
    Record,
    accept_fields,
    flag,
    text,
    value,
)
from coredata_async.sandbox.fivepm.parsing import Arguments, Array, Node, Upload, refusal
from coredata_async.sandbox.fivepm.rendering import Item, Listed, Shown, SingleView
from coredata_async.sandbox.fivepm.responses import Bytes, Response

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
    """Show an activity with its files and names (the real service is not known to do so)."""
    return _single(account, objects.find_requested(account, ACTIVITY, asked))


def get_list(account: Account, asked: Arguments) -> Listed:
    """List activities page by page, with files and names if requested."""
    state, given = account.state, asked.array("filter")
    names, files = flag(asked.arguments, "withNames"), flag(asked.arguments, "withFiles")
    of_it = {name: node for name, node in given.items() if name not in objects.PLACE_FILTERS}
    of_its_place = {name: node for name, node in given.items() if name in objects.PLACE_FILTERS}
    every = [
        one
        for one in objects.filter_records(state, state.activity.values(), objects.ACTIVITY_FILTERS, of_it)
        if objects.filter_records(state, _find_place(account, one), objects.PLACE_FILTERS, of_its_place)
    ]
    shown = objects.page(every, asked.arguments, account.dialect)
    return Listed(tuple(_item(account, one, names=names, files=files) for one in shown), len(every))


def _check(account: Account, given: dict[str, str]) -> None:
    """Refuse an activity without a project or task, and progress without a task or a percentage."""
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
    """Apply the newest percentage; 100 also changes the status."""
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


def attach_files(account: Account, asked: Arguments) -> Response:
    """Store every file of the request, or none."""
    note = objects.find(account, ACTIVITY, text(asked.arguments, "activityId"))
    files = [_file(account.dialect, node) for node in asked.array("files").values()]
    if not files:
        raise refusal(400, "The request contains no file.")
    for name, kind, data in files:
        made = account.state.add(
            FILE, {**_about(account, note), "name": name, "type": kind, "size": len(data)}
        )
        account.state.contents[str(made["id"])] = data
    return {"status": True}


def get_files_list(account: Account, asked: Arguments) -> Listed:
    """List the files of a project and of its tasks, or all files."""
    unknown = [name for name in asked.array("filter") if name != "projectId"]
    if unknown:
        raise refusal(400, f"Unknown filter: {', '.join(unknown)}.")
    wanted = text(asked.array("filter"), "projectId")
    found = [one for one in account.state.files.values() if not wanted or _project(account, one) == wanted]
    return account.viewer.page((account.viewer.item(FILE, one) for one in found), len(found))


def download_file(account: Account, asked: Arguments) -> Bytes | SingleView:
    """Return a file, in the form of the dialect."""
    file = objects.find_requested(account, FILE, asked)
    data = account.state.contents[str(file["id"])]
    match account.dialect.download:
        case "metadata":
            return account.viewer.single(FILE, file)
        case "enveloped":
            content = base64.b64encode(data).decode()
            return account.viewer.single(FILE, file, plus={account.dialect.content_key: content})
        case "raw" | "bare":
            return Bytes(str(file["name"]), data)


def _file(dialect: Dialect, node: Node) -> tuple[str, str, bytes]:
    """Return name, type and bytes of one `files[n]`."""
    array: Array = node if isinstance(node, dict) else {dialect.content_key: node}
    # The page's example sends a name only: that attaches an empty file.
    content = "" if array.keys() == {"name"} else array.get(dialect.content_key)
    name = text(array, "name")
    if isinstance(content, Upload) and dialect.upload != "base64":
        name, kind, data = name or content.filename, content.content_type, content.data
    elif isinstance(content, str) and (dialect.upload != "multipart" or not content):
        kind, data = mimetypes.guess_type(name)[0] or "application/octet-stream", _decode(content)
    else:
        raise refusal(400, "A file without content.")
    if not name:
        raise refusal(400, "A file without a name.")
    return name, kind, data


def _decode(content: str) -> bytes:
    """Decode strictly: PHP would ignore invalid base64, and hide a bug of the client."""
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise refusal(400, "The content is not base64.") from None


def _about(account: Account, note: Record) -> Record:
    return {"activityId": note["id"], "activityType": note["type"], "createdAt": account.state.now}


def _project(account: Account, file: Record) -> str:
    note = account.state.activity.get(str(file["activityId"]), {})
    task = account.state.tasks.get(str(note.get("taskId")), {})
    return str(note.get("projectId") or task.get("projectId") or "")
