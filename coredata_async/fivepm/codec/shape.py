"""Trees to models, whatever wrapping they come in; what a reply is about is known by the caller."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, Generic, TypeVar

from attrs import frozen

from coredata_async.fivepm.codec import values
from coredata_async.fivepm.codec.fields import read
from coredata_async.fivepm.codec.items import empty, read_items, unwrap
from coredata_async.fivepm.codec.tree import Tree
from coredata_async.fivepm.names import NAMES

T = TypeVar("T")

_NONE: Final[tuple[Tree, ...]] = (None, "", "0", 0, [], {})
_FLAGS: Final = ("status", "result", "success", "signOutState", "state")


@frozen
class Items(Generic[T]):
    """One answer of a listing."""

    items: tuple[T, ...]
    total: int | None = None
    """How many match, where the service says so."""


def one(tree: Tree, model: type[T]) -> T | None:
    """The object of a reply, or `None` if the reply is without one.

    Raises:
        ValueError: What came is no such object.
    """
    found = _inmost(unwrap(tree), set(NAMES[model].values()))
    if found is False or empty(found):
        return None
    if not isinstance(found, dict):
        raise ValueError(f"the answer is no {model.__name__}")  # noqa: TRY004  # of data
    if found.get("id") not in _NONE:
        return read(found, model)
    if any(value not in _NONE for value in found.values()):
        raise ValueError(f"the answer is no {model.__name__}: it has no id")
    return None  # all fields are empty: PHP's way to give no object


def _inmost(tree: Tree, known: set[str]) -> Tree:
    """Return what is inside `{"task": {…}}` or `{"item": [{…}]}`."""
    for _ in range(3):
        if isinstance(tree, list) and len(tree) == 1:
            tree = tree[0]
        elif isinstance(tree, dict) and len(tree) == 1 and not known & tree.keys():
            tree = next(iter(tree.values()))
        else:
            break
    return tree


def many(tree: Tree, model: type[T]) -> Items[T]:
    """Read the objects of a listing; a total that cannot be read is unknown.

    Raises:
        ValueError: What came is no list, or holds something else.
    """
    found = read_items(unwrap(tree))
    total = None
    with suppress(ValueError):
        total = values.whole(found.total)
    return Items(tuple(read(each, model) for each in found.items), total)


def flag(tree: Tree) -> bool | None:
    """Yes or no, or `None` where the reply says neither.

    An empty `status` is no: so does PHP spell it in XML.
    """
    found = unwrap(tree)
    if not isinstance(found, dict):
        return None if isinstance(found, list) else values.truth(found)
    if "id" in found:
        return None
    spoken = next((found[name] for name in _FLAGS if name in found), None)
    if spoken is None and len(found) == 1:
        spoken = next(iter(found.values()))
    if isinstance(spoken, list | dict):
        return flag(spoken)
    return None if spoken is None else values.truth(spoken) or False


def text(tree: Tree, key: str) -> str:
    """One text by its name, or the only text there is; empty where there is none."""
    found = unwrap(tree)
    if isinstance(found, dict):
        found = found.get(key)
    return "" if isinstance(found, list | dict) else values.text(found)
