"""Registry of all collections of the service, by their name in the client, of nested ones, and of endpoints.

The docs, the OpenAPI description and the tests are generated from the table of endpoints. It omits, because
their request format is unknown, `POST /api/v3/files/` (the names of half its fields are lost) and the lists
of favourites (only their titles are known). It also omits endpoints that only clients of 2014 used: the
navigation tree, templates, and lists per user. `client.request` reaches them if a tenant has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from coredata_async.resources.comments import COMMENTS
from coredata_async.resources.contacts import CONTACTS
from coredata_async.resources.containers import FOLDERS, SPACES
from coredata_async.resources.document import DOCUMENTS
from coredata_async.resources.files import FILES
from coredata_async.resources.projects import PROJECTS, TASKS
from coredata_async.resources.users import USERS
from coredata_async.resources.vocabulary import DYNATYPES, VALUE_LISTS
from coredata_async.wire.resource import AppendableKind, EditableKind, Evidence, Nested, Resource

ROWS: Final[Mapping[str, Resource[Any, ...]]] = MappingProxyType(
    {
        "spaces": SPACES,
        "projects": PROJECTS,
        "files": FILES,
        "folders": FOLDERS,
        "tasks": TASKS,
        "contacts": CONTACTS,
        "users": USERS,
        "comments": COMMENTS,
        "value_lists": VALUE_LISTS,
        "dynatypes": DYNATYPES,
        "documents": DOCUMENTS,
    }
)

_PER_CONTACT: Final = Evidence("documented", 'https://docs.wise.is/cored/api-v2, "Filtering by Contact"')

SPACE_PROJECTS = Nested(
    owner=SPACES.path,
    kind=PROJECTS,
    proof=Evidence("documented", 'https://docs.wise.is/cored/projects, "List Projects in a Space"'),
)
PROJECT_FILES = Nested(
    owner=PROJECTS.path,
    kind=FILES,
    proof=Evidence("documented", 'https://docs.wise.is/cored/files-v2, "List Files in a Project"'),
)
PROJECT_TASKS = Nested(
    owner=PROJECTS.path,
    kind=TASKS,
    proof=Evidence("named", "https://docs.wise.is/cored/projects; the path from clients of 2014"),
)
PROJECT_FOLDERS = Nested(
    owner=PROJECTS.path,
    kind=FOLDERS,
    proof=Evidence("named", "https://docs.wise.is/cored/projects; the path by analogy"),
)
CONTACT_PROJECTS = Nested(owner=CONTACTS.path, kind=PROJECTS, proof=_PER_CONTACT)
CONTACT_FILES = Nested(owner=CONTACTS.path, kind=FILES, proof=_PER_CONTACT)
CONTACT_TASKS = Nested(owner=CONTACTS.path, kind=TASKS, proof=_PER_CONTACT)

NESTED: Final[tuple[Nested[Any, ...], ...]] = (
    SPACE_PROJECTS,
    PROJECT_FILES,
    PROJECT_TASKS,
    PROJECT_FOLDERS,
    CONTACT_PROJECTS,
    CONTACT_FILES,
    CONTACT_TASKS,
)


@frozen
class Endpoint:
    """One method on one path."""

    operation: str
    """The client's name for it: `projects.list`."""
    method: str
    path: str
    """With `{…}` for values that the caller supplies."""
    status: int
    """The only status that means success."""
    proof: Evidence


_FILES_PAGE: Final = "https://docs.wise.is/cored/files-v2"

_ONLY_HERE: Final = (
    Endpoint(
        "files.create",
        "POST",
        "/api/v2/files/",
        201,
        Evidence("documented", f'{_FILES_PAGE}, "Create File", by content or by blob_name'),
    ),
    Endpoint(
        "files.update",
        "PUT",
        "/api/v2/files/{id}/",
        204,
        FILES.proof("update"),
    ),
    Endpoint(
        "files.download",
        "GET",
        "/api/v2/files/{id}/content/",
        302,
        Evidence("documented", f'{_FILES_PAGE}, "Download File content"'),
    ),
    Endpoint(
        "files.replace",
        "PUT",
        "/api/v2/files/{id}/content/",
        201,
        Evidence("documented", f'{_FILES_PAGE}, "Update File content"'),
    ),
    Endpoint(
        "blobs.reserve",
        "POST",
        "/api/v3/blob/presigned-upload-url/",
        200,
        Evidence("documented", "https://docs.wise.is/cored/files-v3"),
    ),
    Endpoint(
        "me", "GET", "/api/v2/user/", 200, Evidence("documented", "https://docs.wise.is/cored/current-user")
    ),
    Endpoint(
        "recent_projects",
        "GET",
        "/api/v2/user/projects/recent/",
        200,
        Evidence("documented", "https://docs.wise.is/cored/user-home"),
    ),
)


def endpoints() -> list[Endpoint]:
    """Return the table, in the order of the resources."""
    every = [each for name, kind in ROWS.items() for each in _of(name, kind)]
    every += [
        Endpoint(
            f"{nested.owner.rstrip('/').rpartition('/')[2]}.{nested.kind.name}",
            "GET",
            f"{nested.owner}{{id}}/{nested.kind.name}/",
            200,
            nested.proof,
        )
        for nested in NESTED
    ]
    return [*every, *_ONLY_HERE]


def _of(name: str, kind: Resource[Any, ...]) -> Iterator[Endpoint]:
    path = f"{kind.detail or kind.path}{{{kind.key}}}/"
    yield Endpoint(f"{name}.list", "GET", kind.path, 200, Evidence(kind.evidence, kind.source))
    yield Endpoint(f"{name}.get", "GET", path, 200, kind.proof("get"))
    if isinstance(kind, AppendableKind):
        yield Endpoint(f"{name}.create", "POST", kind.path, 201, kind.proof("create"))
    if isinstance(kind, EditableKind):
        yield Endpoint(f"{name}.update", "PUT", path, 204, kind.proof("update"))
    if kind.deletable:
        yield Endpoint(f"{name}.delete", "DELETE", path, 204, kind.proof("delete"))


def table() -> str:
    """Return the table in Markdown, for the docs."""
    rows = [
        f"| `{each.operation}` | {each.method} | `{each.path}` | {each.status} "
        f"| {each.proof.evidence} | {each.proof.source} |"
        for each in endpoints()
    ]
    head = "| client | method | path | success | evidence | source |\n|---|---|---|---|---|---|"
    return "\n".join([head, *rows]) + "\n"
