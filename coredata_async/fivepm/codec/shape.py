"""Trees to models, in any wrapping; the caller knows the type of the reply."""

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
        total = values.whole(found.total)
    return Items(tuple(read(each, model) for each in found.items), total)


def flag(tree: Tree) -> bool | None:
    """Return yes or no, or `None` if the reply is neither.

    An empty `status` is no, because PHP writes no as an empty text in XML.
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
    """Return a text by its name, or the only text in the reply; empty if it has none."""
    found = unwrap(tree)
    if isinstance(found, dict):
        found = found.get(key)
    return "" if isinstance(found, list | dict) else values.text(found)
