"""Endpoints of the sandbox itself, for tests in another process: they script the faults and read the state.

They need no credentials: the sandbox listens on 127.0.0.1 only.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import Answer, as_json, empty, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.faults import Fault, Lag
from coredata_async.sandbox.index import Key
from coredata_async.sandbox.service import Route, Service
from coredata_async.sandbox.state import State

_KINDS = frozenset(
    [
        "status",
        "html",
        "delay",
        "reset_before",
        "reset_after",
        "commit_late",
        "truncate",
        "cut_upload",
        "stall",
        "slow",
        "corrupt",
        "expire",
        "wrong_digest",
        "hide",
        "lying_next",
        "hide_objects",
        "ignore_offset",
        "broken_json",
        "listing_lag",
    ]
)
_PAGE = 1_000
_MOST = 10_000
_FOLDERS = frozenset(("Folder", "Filespace"))


async def script(service: Service, call: Call) -> Answer:
    """Add a fault: `{"fault": "status", "operation": "storage.put", "code": 503, "every": 3, "times": null}`.

    The names are those of `Faults`' methods and of their parameters; every fault but `listing_lag`
    takes `times`, `after` and `every`.
    """
    body = dict(await call.json(typed=False))
    kind, operation, fields = body.pop("fault", None), body.pop("operation", None), body.pop("fields", ())
    if kind not in _KINDS:
        raise refuse(f"fault: {kind!r} is not one of {', '.join(sorted(_KINDS))}.")
    add = cast("Callable[..., Fault | Lag]", getattr(service.faults, str(kind)))
    positional = [] if operation is None else [operation, *cast("list[str]", fields)]
    try:
        fault = add(*positional, **body)
    except (TypeError, ValueError) as exc:
        raise refuse(f"{kind}: {exc}") from None
    return as_json(_render_fault(fault), 201)


async def list_faults(service: Service, call: Call) -> Answer:
    """List the faults, with the number of times that each fired."""
    return as_json([_render_fault(fault) for fault in service.faults.list_all()])


async def clear(service: Service, call: Call) -> Answer:
    """Remove every fault."""
    service.faults.clear()
    return empty(204)


def _render_fault(fault: Fault | Lag) -> dict[str, object]:
    return {"fault": fault.kind, "operation": fault.operation, "fired": fault.fired}


async def counts(service: Service, call: Call) -> Answer:
    """Count all objects, and the duplicates."""
    state = service.state
    per_blob = state.files_per_blob()
    made = [state.documents[one] for _, one in _user_made(state)]
    report: dict[str, object] = {
        "files": len(state.index.of("File")),
        "folders": len(made),
        "projects": len(state.index.of("Project")),
        "blobs": len(state.blobs),
        "reserved": len(state.reserved),
        "requests": dict(state.counts),
        "files_per_blob": dict(per_blob),
        "duplicates": _twice(per_blob),
        "files_twice": _twice(Counter(f"{one.parent}/{one.fields['filename']}" for one in state.files)),
        "folders_twice": _twice(Counter(f"{one.parent}/{one.title}" for one in made)),
    }
    return as_json(report)


async def files(service: Service, call: Call) -> Answer:
    """List all Files by pages of up to 10,000: names, bytes, and the folders from the Project down."""
    return _answer_page(service, call, service.state.index.of("File"), _file)


async def folders(service: Service, call: Call) -> Answer:
    """List all Folders created by users, by pages of up to 10,000."""
    return _answer_page(service, call, _user_made(service.state), _folder)


def _answer_page(
    service: Service, call: Call, keys: Sequence[Key], shown: Callable[[State, Document], dict[str, object]]
) -> Answer:
    found = listing.page(keys, call.path, call.query, default=_PAGE, largest=_MOST)
    objects = [shown(service.state, service.state.documents[one]) for _, one in found.objects]
    return as_json({"meta": found.meta, "objects": objects})


def _file(state: State, file: Document) -> dict[str, object]:
    return {
        "id": file.id,
        "path": _path(state, file),
        "filename": file.fields["filename"],
        "size": file.fields["size"],
        "digest": file.fields["digest"],
        "blob": file.fields["blob_name"],
        "parent": file.parent,
    }


def _folder(state: State, folder: Document) -> dict[str, object]:
    return {
        "id": folder.id,
        "path": _path(state, folder),
        "title": folder.title,
        "parent": folder.parent,
    }


def _path(state: State, document: Document) -> str:
    """Return the titles of the Folders around a document, from the outside in."""
    titles = [one.title for one in state.ancestors(document) if one.kind in _FOLDERS]
    return "/".join(reversed(titles))


def _user_made(state: State) -> list[Key]:
    """Return the Folders without the system's own, which have a preset `path`."""
    return [key for key in state.index.of("Folder") if "path" not in state.documents[key[1]].fields]


def _twice(counted: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counted.items() if count > 1}


ROUTES = (
    Route("GET", "/sandbox/faults", "sandbox.scripted", list_faults, auth="none"),
    Route("POST", "/sandbox/faults", "sandbox.script", script, auth="none"),
    Route("DELETE", "/sandbox/faults", "sandbox.clear", clear, auth="none"),
    Route("GET", "/sandbox/state", "sandbox.state", counts, auth="none"),
    Route("GET", "/sandbox/files", "sandbox.files", files, auth="none"),
    Route("GET", "/sandbox/folders", "sandbox.folders", folders, auth="none"),
)
