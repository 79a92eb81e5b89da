"""What a list's query asks for: title, parent, identifier, contact and dates (facts 3.4, 3.5)."""

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from coredata_async.sandbox.answer import refused
from coredata_async.sandbox.document import Document

Test = Callable[[Document], bool]

TITLE = ("title", "title__startswith")
IDENTIFIER = ("identifier", "identifier__startswith")
_COMPARE: Mapping[str, Callable[[int, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_RANGE = 2
DATES = tuple(f"{name}__{op}" for name in ("created", "modified") for op in (*_COMPARE, "range"))


def tests(query: Mapping[str, str], known: frozenset[str]) -> list[Test]:
    """Return what a document must pass.

    A name that is not known is ignored without a word, so a typo lists everything (facts 6, trap 15).
    """
    return [_test(name, value) for name, value in query.items() if name in known]


def _test(name: str, value: str) -> Test:
    if (holds := _WORDS.get(name)) is not None:
        return lambda one: holds(one, value)
    field, _, op = name.partition("__")
    return _dated(field, op, [_moment(name, part) for part in value.split(",")])


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


def _dated(field: str, op: str, moments: list[float]) -> Test:
    # Compared with whole seconds, because that is what is stored (facts 4.3).
    def stored(one: Document) -> int:
        return int(one.created if field == "created" else one.modified)

    if op == "range":
        if len(moments) != _RANGE:
            raise refused(f"{field}__range takes two dates, joined by a comma.")
        first, last = moments
        # Inclusive at both ends, as SQL's BETWEEN is, whatever the page says (facts 3.5).
        return lambda one: first <= stored(one) <= last
    if len(moments) != 1:
        raise refused(f"{field}__{op} takes one date.")
    return lambda one: _COMPARE[op](stored(one), moments[0])


def _moment(name: str, value: str) -> float:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise refused(f"{name}: {value!r} is not an ISO 8601 date.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
