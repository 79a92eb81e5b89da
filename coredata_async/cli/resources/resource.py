"""A row as the command line sees it: its verbs, their evidence, and their fields."""

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
"""Columns of the tables; other resources use `_COLUMNS`."""
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
    """Service of a client for a resource, as far as its row declares it."""

    list: Callable[..., Listing[object]]
    get: Callable[[str], Awaitable[object]]
    create: Callable[..., Awaitable[str]]
    update: Callable[..., Awaitable[None]]
    delete: Callable[[str], Awaitable[None]]


@frozen
class ResourceCommand:
    """Resource, by its name on the client."""

    name: str
    kind: Resource[Any, ...]

    @property
    def command(self) -> str:
        """Name in a shell: `value-lists`."""
        return self.name.replace("_", "-")

    @property
    def many(self) -> str:
        """Plural for people."""
        return self.name.replace("_", " ")

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table."""
        fields = {attribute.name for attribute in attrs.fields(self.kind.model)}
        derived = [self.kind.key, *(each for each in _COLUMNS if each in fields and each != self.kind.key)]
        return COLUMNS.get(self.name) or tuple(derived[:_MANY])

    @property
    def new(self) -> Callable[..., object] | None:
        """Class with the fields of `create`."""
        return self.kind.new if isinstance(self.kind, AppendableKind) else None

    @property
    def edit(self) -> Callable[..., object] | None:
        """Class with the fields of `update`; that of files is in their module, not in their row."""
        if isinstance(self.kind, EditableKind):
            return self.kind.edit
        model = self.kind.model
        found: Callable[..., object] | None = getattr(
            sys.modules[model.__module__], f"Edit{model.__name__}", None
        )
        return found

    def proof(self, verb: str) -> Evidence | None:
        """Return the evidence for a verb, or None if the resource does not have the verb."""
        return next((each.proof for each in endpoints() if each.operation == f"{self.name}.{verb}"), None)

    def parents(self) -> dict[str, tuple[str, Nested[Any, ...]]]:
        """Return the owners whose listings contain this resource: by option, their resource and the row."""
        return {
            singular(kind): (name, nested)
            for nested in NESTED
            for name, kind in ROWS.items()
            if nested.kind is self.kind and nested.owner == kind.path
        }

    def service(self, client: CoreData) -> Service:
        """Return the client's service for the resource."""
        return cast("Service", getattr(client, self.name))


def singular(kind: Resource[Any, ...]) -> str:
    """Return the singular for people, after the model: `value_list`."""
    name: str = kind.model.__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def nouns() -> dict[str, ResourceCommand]:
    """Return all resources, by command."""
    every = [ResourceCommand(name, kind) for name, kind in ROWS.items()]
    return {noun.command: noun for noun in every}
