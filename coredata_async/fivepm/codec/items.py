"""Location of the list in a reply: the service's known and supposed wrappings."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from coredata_async.fivepm.codec.tree import Tree

_WRAPPERS: Final = ("data", "response")
_LISTS: Final = ("items", "item", "list")


@frozen
class Listed:
    """Items of a list, undecoded."""

    items: tuple[Tree, ...]
    total: Tree = None


def unwrap(tree: Tree) -> Tree:
    """Return the content of `data` and `response`."""
    while isinstance(tree, dict):
        inner = [tree[name] for name in _WRAPPERS if name in tree]
        if len(inner) != 1 or not tree.keys() <= {*_WRAPPERS, "status"}:
            break
        tree = inner[0]
    return tree


def read_items(tree: Tree) -> Listed:
    """Return the items of a list, bare or wrapped, of any number.

    Raises:
        ValueError: If the reply contains no list.
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
    """Return whether a value is empty in any of the service's forms; PHP writes an empty map as a list."""
    if isinstance(tree, str):
        return not tree.strip()
    return tree is None or tree in ([], {})


def _several(tree: Tree) -> Tree:
    """Return a list for a bare value where a list is expected: the id of a team's only member."""
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
    raise ValueError("the response contains no list")
