"""A row as the command line sees it: its verbs, what they rest on, and what they take."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, cast

import attrs
from attrs import frozen

from coredata_async.client import CoreData
from coredata_async.listing import Listing
from coredata_async.resources.endpoints import endpoints
from coredata_async.resources.registry import NESTED, ROWS
from coredata_async.wire.resource import AppendableKind, EditableKind, Evidence, Nested, Resource

COLUMNS: Final = {
    "projects": ("id", "identifier", "title", "status", "due_date", "modified"),
    "files": ("id", "title", "filename", "size", "modified"),
    "tasks": ("id", "title", "status", "due_date", "project.title"),
    "folders": ("id", "title", "path"),
    "comments": ("id", "author", "time", "text"),
}
"""What a table shows of each; the others go by `_COLUMNS`."""
_COLUMNS: Final = (
    "title",
    "first_name",
    "last_name",
    "identifier",
    "user_type",
    "type",
    "status",
    "modified",
)
_MANY: Final = 5


class Service(Protocol):
    """What a client offers for a noun, as far as its row says so."""

    list: Callable[..., Listing[object]]
    get: Callable[[str], Awaitable[object]]
    create: Callable[..., Awaitable[str]]
    update: Callable[..., Awaitable[None]]
    delete: Callable[[str], Awaitable[None]]


@frozen
class ResourceCommand:
    """A collection, by its name on the client."""

    name: str
    kind: Resource[Any, ...]

    @property
    def command(self) -> str:
        """Its name in a shell: `value-lists`."""
        return self.name.replace("_", "-")

    @property
    def many(self) -> str:
        """Return what people call them."""
        return self.name.replace("_", " ")

    @property
    def columns(self) -> tuple[str, ...]:
        """Return what a table shows of each."""
        fields = {spot.name for spot in attrs.fields(self.kind.model)}
        derived = [self.kind.key, *(each for each in _COLUMNS if each in fields and each != self.kind.key)]
        return COLUMNS.get(self.name) or tuple(derived[:_MANY])

    @property
    def new(self) -> Callable[..., object] | None:
        """The class whose fields `create` takes."""
        return self.kind.new if isinstance(self.kind, AppendableKind) else None

    @property
    def edit(self) -> Callable[..., object] | None:
        """The class whose fields `update` takes; that of files is in their module, but not in their row."""
        if isinstance(self.kind, EditableKind):
            return self.kind.edit
        model = self.kind.model
        found: Callable[..., object] | None = getattr(
            sys.modules[model.__module__], f"Edit{model.__name__}", None
        )
        return found

    def proof(self, verb: str) -> Evidence | None:
        """Return what a verb rests on, if there is such a verb."""
        return next((each.proof for each in endpoints() if each.operation == f"{self.name}.{verb}"), None)

    def parents(self) -> dict[str, tuple[str, Nested[Any, ...]]]:
        """Where else they are listed: by the option that says so, the noun of the owner, and the row."""
        return {
            singular(kind): (name, nested)
            for nested in NESTED
            for name, kind in ROWS.items()
            if nested.kind is self.kind and nested.owner == kind.path
        }

    def service(self, client: CoreData) -> Service:
        """Return what the client offers for it."""
        return cast("Service", getattr(client, self.name))


def singular(kind: Resource[Any, ...]) -> str:
    """Return what people call one of them: `value_list`, after its model."""
    name: str = kind.model.__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def nouns() -> dict[str, ResourceCommand]:
    """All of them, by command."""
    every = [ResourceCommand(name, kind) for name, kind in ROWS.items()]
    return {noun.command: noun for noun in every}
