"""Files of the service `activity`: attached, listed, downloaded (facts 10)."""

import base64
import binascii
import mimetypes

from coredata_async.sandbox.fivepm import objects
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.errors import refusal
from coredata_async.sandbox.fivepm.fields import ACTIVITY, FILE, Record
from coredata_async.sandbox.fivepm.parsing import Arguments, Array, Node, Upload
from coredata_async.sandbox.fivepm.rendering import Listed, SingleView
from coredata_async.sandbox.fivepm.responses import Bytes, Response
from coredata_async.sandbox.fivepm.values import text


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
