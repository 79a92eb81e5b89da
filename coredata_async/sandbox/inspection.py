"""State of the sandbox for tests in another process: counts, and every File and Folder.

Faults, lags and filters do not affect it.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import Answer, as_json
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.index import Key
from coredata_async.sandbox.service import Service
from coredata_async.sandbox.state import State

_PAGE = 1_000
_MOST = 10_000
_FOLDERS = frozenset(("Folder", "Filespace"))


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
    """Return the titles of the Folders around a document, from the outside in; empty if there are none."""
    titles = [one.title for one in state.ancestors(document) if one.kind in _FOLDERS]
    return "/".join(reversed(titles))


def _user_made(state: State) -> list[Key]:
    """Return the Folders without the system's own, which have a preset `path`."""
    return [key for key in state.index.of("Folder") if "path" not in state.documents[key[1]].fields]


def _twice(counted: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counted.items() if count > 1}
