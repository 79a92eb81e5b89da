"""The service's own words about what went wrong. No shape of an error is documented."""

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
"""Each once: with a second look at each level, the time doubles per level."""
_CODES: Final = ("code", "errorCode", "error_code", "faultcode")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_SESSION: Final = re.compile(
    r"session|\b(?:un)?auth(?!ors?\b)|log(?:ged)?[ -]?(?:in|on)\b|sign(?:ed)?[ -]?in\b|credential"
    r"|\b(?:wrong|invalid|incorrect|bad)\b.{0,20}password|password.{0,20}\b(?:wrong|invalid|incorrect)\b",
    re.IGNORECASE,
)
_ABSENT: Final = re.compile(r"not found|no such|does(?: not|n't) exist|unknown id", re.IGNORECASE)


def error_in(tree: Tree) -> dict[str, Tree] | None:
    """The error in a reply, whatever its status.

    A key like `error` counts beside no `id` and no `items`, and `status="fail"` only as the service's older
    API gives it, in the root. What has a `status` otherwise is a task, a project, or the answer to a removal.
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
    """The service's own words, wherever they are."""
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
    """A machine-readable code, beside the words or inside the error."""
    if not isinstance(tree, dict):
        return None
    for found in (tree, *(tree[name] for name in _COMPLAINTS if name in tree)):
        if isinstance(found, dict):
            for name in _CODES:
                if not empty(found.get(name)):
                    return str(found[name])
    return None


def about_session(words: str) -> bool:
    """Return whether the service's words are about who asks; a name it quotes may hold any word."""
    return _SESSION.search(_QUOTED.sub("", words)) is not None


def about_absence(words: str) -> bool:
    """Return whether the service's words are about something that is not there."""
    return _ABSENT.search(_QUOTED.sub("", words)) is not None
