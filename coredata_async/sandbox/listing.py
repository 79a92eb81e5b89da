"""Lists: the filters of their query, and one page in the envelope of every list.

The filters are title, parent, identifier, contact and dates.

Source: https://docs.wise.is/cored/api-v2, "Filtering"
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar
from urllib.parse import urlencode

from attrs import frozen

from coredata_async.sandbox.answer import is_whole, refuse
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.index import Hits, Index

T = TypeVar("T")
Test = Callable[[Document], bool]

TITLE_FILTERS = ("title", "title__startswith")
IDENTIFIER_FILTERS = ("identifier", "identifier__startswith")
_COMPARE: Mapping[str, Callable[[int, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_RANGE = 2
DATE_FILTERS = tuple(f"{name}__{op}" for name in ("created", "modified") for op in (*_COMPARE, "range"))


@frozen
class Page(Generic[T]):
    """Objects of a page and the envelope's `meta`."""

    objects: Sequence[T]
    meta: dict[str, object]


def page(found: Sequence[T], path: str, query: Mapping[str, str], *, default: int, largest: int) -> Page[T]:
    """Cut one page out of all matching objects.

    `limit=0` requests the maximum, and a larger limit is reduced to it; `meta` contains the result.
    """
    limit = _number(query, "limit", default)
    limit = min(limit, largest) or largest
    offset = _number(query, "offset", 0)
    total = len(found)
    following = offset + limit if offset + limit < total else None
    # Tastypie sends no `previous` if a whole page does not fit before the offset.
    preceding = offset - limit if offset >= limit else None
    meta: dict[str, object] = {
        "limit": limit,
        "next": at(path, query, limit, following),
        "offset": offset,
        "previous": at(path, query, limit, preceding),
        "total_count": total,
    }
    return Page(found[offset : offset + limit], meta)


def at(path: str, query: Mapping[str, str], limit: int, offset: int | None) -> str | None:
    """Return the URL of another page: no host, the other parameters kept, `limit` and `offset` last."""
    if offset is None:
        return None
    kept = {name: value for name, value in query.items() if name not in ("limit", "offset")}
    return f"{path}?{urlencode({**kept, 'limit': limit, 'offset': offset})}"


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if not is_whole(value):
        raise refuse(f"Invalid {name} '{value}' provided. Please provide an integer >= 0.")
    return int(value)


@frozen
class Condition:
    """Condition that a listed document must meet."""

    holds: Test
    hits: Hits | None = None
    """Matching documents, if an index knows them."""


def conditions(
    query: Mapping[str, str], known: frozenset[str], index: Index, kind: str, *, closed: bool = False
) -> list[Condition]:
    """Return the conditions in a query.

    An unknown name is ignored, so a misspelt filter lists everything (inferred).
    With `closed`, a range includes both of its ends.
    """
    return [
        _condition(name, value, index, kind, closed=closed) for name, value in query.items() if name in known
    ]


def _condition(name: str, value: str, index: Index, kind: str, *, closed: bool) -> Condition:
    if (holds := _WORDS.get(name)) is not None:
        look_up = _INDEXED.get(name)
        return Condition(lambda one: holds(one, value), look_up(index, kind, value) if look_up else None)
    field, _, op = name.partition("__")
    moments = [_moment(name, part) for part in value.split(",")]
    test = _date_test(field, op, moments, closed=closed)
    hits = _by_created(index, kind, op, moments, closed=closed) if field == "created" else None
    return Condition(test, hits)


def _by_created(index: Index, kind: str, op: str, moments: list[float], *, closed: bool) -> Hits:
    after = moments[0] if op in ("gt", "gte", "range") else None
    before = moments[-1] if op in ("lt", "lte", "range") else None
    inclusive = closed if op == "range" else op in ("gte", "lte")
    return index.between(kind, after, before, inclusive=inclusive)


def _identifier(one: Document) -> str:
    return str(one.fields.get("identifier", ""))


_WORDS: Mapping[str, Callable[[Document, str], bool]] = {
    "title": lambda one, value: one.title == value,
    "title__startswith": lambda one, value: one.title.startswith(value),
    "identifier": lambda one, value: _identifier(one) == value,
    "identifier__startswith": lambda one, value: _identifier(one).startswith(value),
    "parent": lambda one, value: one.parent == value,
    "associated_contacts_id": lambda one, value: value in one.contacts,
}
_INDEXED: Mapping[str, Callable[[Index, str, str], Hits]] = {
    "title": Index.with_title,
    "title__startswith": Index.beginning,
    "parent": Index.children,
}


def _date_test(field: str, op: str, moments: list[float], *, closed: bool) -> Test:
    # Compared in whole seconds, as they are stored.
    def timestamp(one: Document) -> int:
        return int(one.created if field == "created" else one.modified)

    if op == "range":
        if len(moments) != _RANGE:
            raise refuse(f"{field}__range takes two dates, joined by a comma.")
        first, last = moments
        # The page excludes both ends; the framework's BETWEEN includes them.
        if closed:
            return lambda one: first <= timestamp(one) <= last
        return lambda one: first < timestamp(one) < last
    if len(moments) != 1:
        raise refuse(f"{field}__{op} takes one date.")
    return lambda one: _COMPARE[op](timestamp(one), moments[0])


def _moment(name: str, value: str) -> float:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise refuse(f"{name}: {value!r} is not an ISO 8601 date.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
