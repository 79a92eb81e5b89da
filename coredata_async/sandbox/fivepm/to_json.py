"""Rendered values as PHP's json_encode might write them; no example exists (facts 6)."""

import json
from collections.abc import Mapping

from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.rendering import Listed, Shown
from coredata_async.sandbox.fivepm.scalars import render_scalar

_EMPTY_VALUES: Mapping[str, object] = {"string": "", "null": None, "list": []}
_EMPTY_LISTS: Mapping[str, object] = {"list": [], "object": {}, "string": "", "null": None}


def document(value: Shown, dialect: Dialect) -> bytes:
    """Return the body of the response."""
    plain = _plain(value, dialect)
    return json.dumps({dialect.root: plain} if dialect.wrapped else plain).encode()


def _plain(value: Shown, dialect: Dialect) -> object:
    if isinstance(value, Listed):
        return _render_list(value, dialect)
    if isinstance(value, Mapping):
        return {name: _plain(one, dialect) for name, one in value.items()}
    if isinstance(value, bool) and dialect.booleans == "words":
        return value
    if isinstance(value, (int, float)) and dialect.numbers != "strings":
        return int(value) if isinstance(value, bool) else value
    return render_scalar(value, dialect) or _EMPTY_VALUES[dialect.empty_value]


def _render_list(value: Listed, dialect: Dialect) -> object:
    items = _items([_plain(one, dialect) for one in value.items], dialect)
    if value.total is None or dialect.items == "bare":
        return items
    sums = {"total": _plain(value.total, dialect), "count": _plain(len(value.items), dialect)}
    return {**(sums if dialect.totals else {}), "items": items}


def _items(items: list[object], dialect: Dialect) -> object:
    if not items:
        return _EMPTY_LISTS[dialect.empty_list]
    match dialect.items:
        case "item":
            return {"item": items[0] if len(items) == 1 else items}
        case "numeric":
            return {str(n): one for n, one in enumerate(items, 1)}
        case _:
            return items
