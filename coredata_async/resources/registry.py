"""Registry of all collections of the service, by their name in the client, and of nested collections."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from coredata_async.resources.comments import COMMENTS
from coredata_async.resources.contacts import CONTACTS
from coredata_async.resources.containers import FOLDERS, SPACES
from coredata_async.resources.document import DOCUMENTS
from coredata_async.resources.files import FILES
from coredata_async.resources.projects import PROJECTS, TASKS
from coredata_async.resources.users import USERS
from coredata_async.resources.vocabulary import DYNATYPES, VALUE_LISTS
from coredata_async.wire.resource import Evidence, Nested, Resource

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
