"""Error messages in replies of the service. The form of an error is not documented."""

from __future__ import annotations

import re
from typing import Final

from coredata_async.call import MAX_MESSAGE
from coredata_async.fivepm.codec.items import empty, unwrap
from coredata_async.fivepm.codec.tree import Tree

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
