"""Where in a reply the list is: the service's wrappings, seen and supposed."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from coredata_async.fivepm.codec.tree import Tree

_WRAPPERS: Final = ("data", "response")
_LISTS: Final = ("items", "item", "list")


@frozen
class Listed:
    """A list as it came."""

    items: tuple[Tree, ...]
    total: Tree = None


def unwrap(tree: Tree) -> Tree:
    """Return what is inside `data` and `response`."""
    while isinstance(tree, dict):
        inner = [tree[name] for name in _WRAPPERS if name in tree]
        if len(inner) != 1 or not tree.keys() <= {*_WRAPPERS, "status"}:
            break
        tree = inner[0]
    return tree


def read_items(tree: Tree) -> Listed:
    """The items of a list, whether bare or wrapped, one or many or none.

    Raises:
        ValueError: There is no list.
    """
    if not isinstance(tree, dict):
        return Listed(_items(tree))
    name = next((each for each in _LISTS if each in tree), None)
    if name is not None and "id" not in tree:
        inner = read_items(_several(tree[name]))
        return Listed(inner.items, tree.get("total", inner.total))
    if "total" in tree and not tree.keys() - {"total", "count"}:
        return Listed((), tree["total"])
    return Listed(_items(tree))


def empty(tree: Tree) -> bool:
    """Return whether it is one of the ways to say nothing: PHP has an empty list for an empty map."""
    if isinstance(tree, str):
        return not tree.strip()
    return tree is None or tree in ([], {})


def _several(tree: Tree) -> Tree:
    """A bare value where a list is due: the id of a team's only member."""
    return tree if empty(tree) or isinstance(tree, list | dict) else [tree]


def _items(tree: Tree) -> tuple[Tree, ...]:
    if empty(tree) or tree is False:
        return ()
    if isinstance(tree, list):
        return tuple(each for each in tree if not empty(each))
    if isinstance(tree, dict):
        if all(key.isdecimal() for key in tree):  # PHP's list that does not begin at 0
            return _items([tree[key] for key in sorted(tree, key=int)])
        if "id" in tree:
            return (tree,)
        only = next(iter(tree.values()))
        if len(tree) == 1 and isinstance(only, list | dict):
            return _items(only)
    raise ValueError("the answer holds no list")
