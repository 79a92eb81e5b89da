"""Decoder of one object: known fields by their types, all others unchanged.

Nearly nothing about the replies is documented. So a known field whose value does not fit the supposed type
does not make the whole object unreadable: it goes to `extra`, under the service's name, and the field is
empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar, cast, get_type_hints

import attrs

from coredata_async.fivepm.codec import values
from coredata_async.fivepm.codec.items import empty, read_items, unwrap
from coredata_async.fivepm.codec.tree import Tree
from coredata_async.fivepm.models.activity import File
from coredata_async.fivepm.models.user import User
from coredata_async.fivepm.models.work_item import Team
from coredata_async.fivepm.names import NAMES

T = TypeVar("T")
Reader = Callable[[Tree], object]


def read(tree: Tree, model: type[T]) -> T:
    """Build a model from an object.

    Raises:
        ValueError: If it is not an object, or has no id.
    """
    if not isinstance(tree, dict):
        raise ValueError(f"expected a {model.__name__}, not a {type(tree).__name__}")  # noqa: TRY004  # of data
    found: dict[str, object] = {}
    extra: dict[str, object] = {}
    kind: Any = (
        model  # `cache` requires hashable arguments, and its stubs do not know that types are hashable
    )
    readers: Mapping[str, tuple[str, Reader] | None] = _readers(kind)
    for key, value in tree.items():
        if key not in readers:
            extra[key] = values.plain(value)
        elif (attribute := readers[key]) is not None and not empty(value):
            name, reader = attribute
            try:
                found[name] = reader(value)
            except (ValueError, OverflowError):
                extra[key] = values.plain(value)
    if "id" in NAMES[model] and not found.get("id"):
        raise ValueError(f"a {model.__name__} has no id")
    made: T = kind(**found, extra=extra)
    return made


@cache
def _readers(model: type[object]) -> Mapping[str, tuple[str, Reader] | None]:
    """Return the readers by the service's names; `None` for passwords, which are dropped."""
    kinds = get_type_hints(model)
    spots = {attribute.name for attribute in attrs.fields(cast("type[attrs.AttrsInstance]", model))}
    return {
        wire: (name, READERS[str(kinds[name])]) if name in spots else None
        for name, wire in NAMES[model].items()
    }


def _team(tree: Tree) -> Team:
    found = read_items(unwrap(tree))
    if not isinstance(tree, dict) or not tree.keys() & {"items", "item", "total", "count"}:
        return Team(items=_users(found.items))
    team = {key: value for key, value in tree.items() if key not in {"items", "item"}}
    return attrs.evolve(read(cast("Tree", team), Team), items=_users(found.items))


def _users(items: tuple[Tree, ...]) -> tuple[User, ...]:
    return tuple(read(each if isinstance(each, dict) else {"id": each}, User) for each in items)


def _files(tree: Tree) -> tuple[File, ...]:
    return tuple(read(each, File) for each in read_items(unwrap(tree)).items)


READERS: Final[Mapping[str, Reader]] = {
    "<class 'str'>": values.text,
    str(str | None): values.reference,
    str(int | None): values.whole,
    str(float | None): values.decimal,
    str(bool | None): values.truth,
    str(datetime | None): values.moment,
    str(tuple[str, ...]): values.tags,
    str(Team | None): _team,
    str(tuple[File, ...]): _files,
    str(tuple[User, ...]): _files,
}
"""Readers by the type of the field. Only ids of other objects may be text or `None`."""
