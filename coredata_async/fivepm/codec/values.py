"""Decoders of single values in any form: `"10"` and 10, `"1"` and true, `""` and null."""

from __future__ import annotations

import math
from datetime import datetime

from coredata_async.fivepm.codec.tree import Tree

_TRUE = frozenset({"1", "true", "yes", "y", "on", "ok", "success"})
_FALSE = frozenset({"0", "false", "no", "n", "off", "", "fail", "failed", "error"})


def text(value: Tree) -> str:
    """Decode a text; a number is written as PHP would.

    Raises:
        ValueError: If it is a list or an object, as in all functions here.
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


def reference(value: Tree) -> str | None:
    """Decode the id of another object; 0 and an empty value are `None`."""
    found = text(value).strip()
    return None if found in {"", "0"} else found


def whole(value: Tree) -> int | None:
    """Decode an integer, also one written as `"50.00"`."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    found = decimal(value)
    if found is None:
        return None
    if not found.is_integer():
        raise ValueError("expected a whole number")
    return int(found)


def decimal(value: Tree) -> float | None:
    """Decode a number; an empty value is `None`."""
    found = text(value).strip()
    if not found:
        return None
    number = float(found)
    if not math.isfinite(number):
        raise ValueError("expected a number")
    return number


def truth(value: Tree) -> bool | None:
    """Decode yes or no; an empty value is `None`."""
    found = text(value).strip().lower()
    if not found:
        return None
    if found in _TRUE:
        return True
    if found in _FALSE:
        return False
    raise ValueError("expected yes or no")


def moment(value: Tree) -> datetime | None:
    """Decode a time in the account's local time; an empty value and `0000-00-00…` are `None`.

    A zone is not documented. If there is one, it is dropped, and the clock time is kept.
    """
    found = text(value).strip()
    if not found or found.startswith("0000-00-00"):
        return None
    if found.isdigit():
        raise ValueError("expected a date")  # a number of seconds, which `fromisoformat` might read as a date
    return datetime.fromisoformat(found).replace(tzinfo=None)


def tags(value: Tree) -> tuple[str, ...]:
    """Split a text at commas."""
    return tuple(tag for each in text(value).split(",") if (tag := each.strip()))


def plain(value: Tree) -> Tree:
    """Return an undocumented value in a form that is the same from XML and JSON: texts, lists, maps."""
    if isinstance(value, list):
        return [plain(each) for each in value] or ""
    if isinstance(value, dict):
        items = value.get("item")
        if len(value) == 1 and isinstance(items, list):
            return plain(items)
        return {key: plain(each) for key, each in value.items()} or ""
    return text(value)
