"""Wrappings of a reply, as known and as supposed: the location of its objects, and of its error message.

Neither the list around several objects nor the form of an error is documented.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from coredata_async.call import MAX_MESSAGE
from coredata_async.fivepm.codec.tree import Tree

_WRAPPERS: Final = ("data", "response")
_LISTS: Final = ("items", "item", "list")
_COMPLAINTS: Final = ("error", "errors", "fault", "faultstring", "exception")
_QUIET: Final[tuple[Tree, ...]] = (None, "", "0", 0, [], {})
_WORDS: Final = ("message", "error_message", "faultstring", "text", "description", "detail", "error", "item")
_NAMED: Final = tuple(dict.fromkeys((*_WORDS, *_COMPLAINTS)))
"""Each name once: a second check at each level would double the time per level."""
_CODES: Final = ("code", "errorCode", "error_code", "faultcode")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_SESSION: Final = re.compile(
    r"session|\b(?:un)?auth(?!ors?\b)|log(?:ged)?[ -]?(?:in|on)\b|sign(?:ed)?[ -]?in\b|credential"
    r"|\b(?:wrong|invalid|incorrect|bad)\b.{0,20}password|password.{0,20}\b(?:wrong|invalid|incorrect)\b",
    re.IGNORECASE,
)
_ABSENT: Final = re.compile(r"not found|no such|does(?: not|n't) exist|unknown id", re.IGNORECASE)


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


def error_in(tree: Tree) -> dict[str, Tree] | None:
    """Return the error in a reply, whatever its status.

    A key like `error` counts only without `id` and `items` beside it, and `status="fail"` only at the root,
    as in the service's older API. Any other object with a `status` is a task, a project, or the reply to a
    removal.
    """
    found: Tree = tree
    while isinstance(found, dict):
        if not found.keys() & {"id", "items", "item"}:
            said = any(found.get(name) not in _QUIET for name in _COMPLAINTS)
            if said or str(found.get("status", "")).lower() in {"fail", "failed"}:
                return found
        inner = unwrap(found)
        if inner is found and len(found) == 1:
            inner = found.get("response", found)
        if inner is found or not isinstance(inner, dict):
            return None
        found = inner
    return None


def message_of(tree: Tree) -> str:
    """Return the service's error message, wherever it is."""
    match tree:
        case str():
            return tree.strip()[:MAX_MESSAGE]
        case list():
            return "; ".join(said for each in tree if (said := message_of(each)))[:MAX_MESSAGE]
        case dict():
            named = (message_of(tree[name]) for name in _NAMED if name in tree)
            return next((said for said in named if said), "")
        case _:
            return ""


def code_of(tree: Tree) -> str | None:
    """Return a machine-readable code, beside the message or inside the error."""
    if not isinstance(tree, dict):
        return None
    for found in (tree, *(tree[name] for name in _COMPLAINTS if name in tree)):
        if isinstance(found, dict):
            for name in _CODES:
                if not empty(found.get(name)):
                    return str(found[name])
    return None


def about_session(words: str) -> bool:
    """Return whether the message is about the session; a name that it quotes may contain any word."""
    return _SESSION.search(_QUOTED.sub("", words)) is not None


def about_absence(words: str) -> bool:
    """Return whether the message is about an object that does not exist."""
    return _ABSENT.search(_QUOTED.sub("", words)) is not None
