"""A row as the command line sees it: its verbs, their evidence, and its fields, which `--fields` selects.

Names of fields are checked before a request is sent.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, Protocol, cast, get_args, get_origin, get_type_hints

import attrs
import click
from attrs import frozen

from coredata_async.client import CoreData
from coredata_async.listing import Listing
from coredata_async.resources.registry import NESTED, ROWS, endpoints
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
EXTRA: Final = "extra"
"""Field of each model that contains the undocumented fields sent by the server."""
_OPEN: Final = (Mapping, dict)


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


def fields_option(model: type[object] | None) -> click.Option:
    """Declare `--fields` for objects of a model; its value is a list of dotted names."""

    def read(_ctx: click.Context, _param: click.Parameter, text: str) -> list[str]:
        names = [each.strip() for each in text.split(",") if each.strip()]
        if model is not None:
            for name in names:
                _check(model, name)
        return names

    nested = next((name for name in sorted(_names_below(model)) if model is not None), None)
    deeper = f" A dot selects a nested field, as in {nested}." if nested else ""
    return click.Option(
        ["--fields", "fields_"],
        metavar="NAME[,NAME]",
        default="",
        callback=read,
        help=f"Only these fields.{deeper} {EXTRA}.NAME is an undocumented field of the server.",
    )


def _check(model: type[Any], name: str) -> None:
    """Reject a name that the model does not have.

    Raises:
        BadParameter: With the nearest names, and all names at the level of the mistake.
    """
    hint: Any = model
    parts = name.split(".")
    for at, part in enumerate(parts):
        if part == EXTRA or _is_open(hint):
            return
        kind = _model_of(hint)
        names = _names(kind)
        if part in names:
            hint = get_type_hints(kind)[part]
            continue
        above = ".".join(parts[:at])
        prefix = f"{above}." if above else ""
        if kind is None:
            raise click.BadParameter(f"{above} has no fields of its own, so {name!r} does not exist")
        near = [prefix + each for each in get_close_matches(part, names, n=2)]
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise click.BadParameter(
            f"field {name!r} does not exist.{meant} Fields: {', '.join(prefix + each for each in names)}. "
            "For an "
            f"undocumented field write {prefix}{EXTRA}.{part}"
        )


def _names(kind: type[Any] | None) -> list[str]:
    return (
        []
        if kind is None
        else [attribute.name for attribute in attrs.fields(kind) if attribute.name != EXTRA]
    )


def _names_below(model: type[object] | None) -> Iterator[str]:
    """Yield the names that contain one dot."""
    for name in _names(model):
        below = _names(_model_of(get_type_hints(model)[name]))
        yield from (f"{name}.{each}" for each in below if each in {"title", "id", "name"})


def _model_of(hint: Any) -> type[Any] | None:
    """Return the model in a type or in one of its members."""
    if isinstance(hint, type) and attrs.has(hint) and not _is_open(hint):
        return cast("type[Any]", hint)
    return next((found for arm in get_args(hint) if (found := _model_of(arm)) is not None), None)


def _is_open(hint: Any) -> bool:
    """Return whether an object of this type may have any field name."""
    if hint is Any or hint is object or get_origin(hint) in _OPEN:
        return True
    if isinstance(hint, type):
        return issubclass(hint, Mapping)
    return any(_is_open(arm) for arm in get_args(hint))
