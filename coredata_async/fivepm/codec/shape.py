"""Trees to models, in any wrapping and with values in any form; the caller knows the type of the reply.

Nearly nothing about the replies is documented. So a known field whose value does not fit the supposed type
does not make the whole object unreadable: it goes to `extra`, under the service's name, and the field is
empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast, get_type_hints

import attrs
from attrs import frozen

from coredata_async.fivepm.codec.tree import Tree
from coredata_async.fivepm.codec.wrapping import empty, read_items, unwrap
from coredata_async.fivepm.models.account import User
from coredata_async.fivepm.models.activity import File
from coredata_async.fivepm.models.work_items import Team
from coredata_async.fivepm.names import NAMES

T = TypeVar("T")
Reader = Callable[[Tree], object]

_NONE: Final[tuple[Tree, ...]] = (None, "", "0", 0, [], {})
_TRUE: Final = frozenset({"1", "true", "yes", "y", "on", "ok", "success"})
_FALSE: Final = frozenset({"0", "false", "no", "n", "off", "", "fail", "failed", "error"})
_FLAGS: Final = ("status", "result", "success", "signOutState", "state")


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
            extra[key] = _simplify(value)
        elif (attribute := readers[key]) is not None and not empty(value):
            name, reader = attribute
            try:
                found[name] = reader(value)
            except (ValueError, OverflowError):
                extra[key] = _simplify(value)
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


def _decode_text(value: Tree) -> str:
    """Decode a text; a number is written as PHP would.

    Raises:
        ValueError: If it is a list or an object, as in all decoders of single values.
    """
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case str():
            return value
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case int():
            return str(value)
        case _:
            raise ValueError("expected a text")


def _decode_reference(value: Tree) -> str | None:
    """Decode the id of another object; 0 and an empty value are `None`."""
    found = _decode_text(value).strip()
    return None if found in {"", "0"} else found


def _decode_integer(value: Tree) -> int | None:
    """Decode an integer, also one written as `"50.00"`."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    found = _decode_number(value)
    if found is None:
        return None
    if not found.is_integer():
        raise ValueError("expected a whole number")
    return int(found)


def _decode_number(value: Tree) -> float | None:
    """Decode a number; an empty value is `None`."""
    found = _decode_text(value).strip()
    if not found:
        return None
    number = float(found)
    if not math.isfinite(number):
        raise ValueError("expected a number")
    return number


def _decode_flag(value: Tree) -> bool | None:
    """Decode yes or no; an empty value is `None`."""
    found = _decode_text(value).strip().lower()
    if not found:
        return None
    if found in _TRUE:
        return True
    if found in _FALSE:
        return False
    raise ValueError("expected yes or no")


def _decode_time(value: Tree) -> datetime | None:
    """Decode a time in the account's local time; an empty value and `0000-00-00…` are `None`.

    A zone is not documented. If there is one, it is dropped, and the clock time is kept.
    """
    found = _decode_text(value).strip()
    if not found or found.startswith("0000-00-00"):
        return None
    if found.isdigit():
        raise ValueError("expected a date")  # a number of seconds, which `fromisoformat` might read as a date
    return datetime.fromisoformat(found).replace(tzinfo=None)


def _split_tags(value: Tree) -> tuple[str, ...]:
    """Split a text at commas."""
    return tuple(tag for each in _decode_text(value).split(",") if (tag := each.strip()))


def _simplify(value: Tree) -> Tree:
    """Return an undocumented value in a form that is the same from XML and JSON: texts, lists, maps."""
    if isinstance(value, list):
        return [_simplify(each) for each in value] or ""
    if isinstance(value, dict):
        items = value.get("item")
        if len(value) == 1 and isinstance(items, list):
            return _simplify(items)
        return {key: _simplify(each) for key, each in value.items()} or ""
    return _decode_text(value)


READERS: Final[Mapping[str, Reader]] = {
    "<class 'str'>": _decode_text,
    str(str | None): _decode_reference,
    str(int | None): _decode_integer,
    str(float | None): _decode_number,
    str(bool | None): _decode_flag,
    str(datetime | None): _decode_time,
    str(tuple[str, ...]): _split_tags,
    str(Team | None): _team,
    str(tuple[File, ...]): _files,
    str(tuple[User, ...]): _files,
}
"""Readers by the type of the field. Only ids of other objects may be text or `None`."""


@frozen
class Items(Generic[T]):
    """One response of a listing."""

    items: tuple[T, ...]
    total: int | None = None
    """Number of matching objects, if the service reports it."""


def one(tree: Tree, model: type[T]) -> T | None:
    """Return the object of a reply, or `None` if the reply has none.

    Raises:
        ValueError: If the reply is not such an object.
    """
    found = _inmost(unwrap(tree), set(NAMES[model].values()))
    if found is False or empty(found):
        return None
    if not isinstance(found, dict):
        raise ValueError(f"the response is not a {model.__name__}")  # noqa: TRY004  # of data
    if found.get("id") not in _NONE:
        return read(found, model)
    if any(value not in _NONE for value in found.values()):
        raise ValueError(f"the response is not a {model.__name__}: it has no id")
    return None  # all fields are empty, as PHP writes a missing object


def _inmost(tree: Tree, known: set[str]) -> Tree:
    """Return the content of `{"task": {…}}` or `{"item": [{…}]}`."""
    for _ in range(3):
        if isinstance(tree, list) and len(tree) == 1:
            tree = tree[0]
        elif isinstance(tree, dict) and len(tree) == 1 and not known & tree.keys():
            tree = next(iter(tree.values()))
        else:
            break
    return tree


def many(tree: Tree, model: type[T]) -> Items[T]:
    """Read the objects of a listing; an unreadable total counts as unknown.

    Raises:
        ValueError: If the reply is not a list, or contains something else.
    """
    found = read_items(unwrap(tree))
    total = None
    with suppress(ValueError):
        total = _decode_integer(found.total)
    return Items(tuple(read(each, model) for each in found.items), total)


def flag(tree: Tree) -> bool | None:
    """Return yes or no, or `None` if the reply is neither.

    An empty `status` is no, because PHP writes no as an empty text in XML.
    """
    found = unwrap(tree)
    if not isinstance(found, dict):
        return None if isinstance(found, list) else _decode_flag(found)
    if "id" in found:
        return None
    spoken = next((found[name] for name in _FLAGS if name in found), None)
    if spoken is None and len(found) == 1:
        spoken = next(iter(found.values()))
    if isinstance(spoken, list | dict):
        return flag(spoken)
    return None if spoken is None else _decode_flag(spoken) or False


def text(tree: Tree, key: str) -> str:
    """Return a text by its name, or the only text in the reply; empty if it has none."""
    found = unwrap(tree)
    if isinstance(found, dict):
        found = found.get(key)
    return "" if isinstance(found, list | dict) else _decode_text(found)
