"""Filters as query strings: `field__operator=value`, dates in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import attrs

from coredata_async.errors import ConfigurationError
from coredata_async.ids import id_of

_COMPARISONS: Final = frozenset({"gt", "gte", "lt", "lte"})

Instant = datetime | date
"""A datetime with a time zone, or a date, which means midnight in UTC."""


def point_in_time(value: Instant | timedelta | None) -> Instant | None:
    """Return the point in time of a filter. An age is converted once, so that all pages use the same time."""
    return datetime.now(UTC) - value if isinstance(value, timedelta) else value


def query(filters: object, **paging: int | None) -> str:
    """Return the encoded query of a filter object; fields that are `None` are left out.

    Raises:
        ConfigurationError: For a naive datetime, a `range` that is not a pair, or an empty value.
    """
    pairs = [
        (name, _text(name, value))
        for name, value in (
            (attribute.name, getattr(filters, attribute.name)) for attribute in _filters_of(type(filters))
        )
        if value is not None
    ]
    pairs += [(name, str(value)) for name, value in paging.items() if value is not None]
    # The vendor's own samples send `:` and `,` raw; any other reserved character is encoded.
    return urlencode(pairs, quote_via=quote, safe=":,")


def segment(value: object, what: str = "id") -> str:
    """Return an id as a path segment.

    An empty id would turn `DELETE /projects/<id>/` into a deletion of the whole collection.

    Raises:
        ConfigurationError: If it is empty, or contains a slash, a space or a control character.
    """
    value = id_of(value, what)
    bad = not value or value in {".", ".."} or any(c in "/\\?# " or not c.isprintable() for c in value)
    if bad:
        raise ConfigurationError(
            f"{value!r} is not a valid {what}: it must not be empty or contain a slash, '?', '#' or a space"
        )
    return quote(value, safe="")


def instant(value: Instant, name: str) -> str:
    """Return a point in time in the service's format.

    Raises:
        ConfigurationError: For a datetime without a time zone: the server would interpret it as UTC.
    """
    if not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00Z"
    if value.tzinfo is None:
        raise ConfigurationError(
            f"{name}: {value.isoformat()} has no time zone; add one, e.g. tzinfo=datetime.UTC"
        )
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _filters_of(kind: type[Any]) -> list[attrs.Attribute[Any]]:
    return [attribute for attribute in attrs.fields(kind) if attribute.metadata.get("filter", True)]


def _text(name: str, value: object) -> str:
    if name.endswith("__range"):
        match value:
            case (date() as start, date() as end):
                return f"{instant(start, name)},{instant(end, name)}"
            case _:
                raise ConfigurationError(f"{name} takes a pair of datetimes (from, to), not {value!r}")
    if isinstance(value, date):
        return instant(value, name)
    if name.rpartition("__")[2] in _COMPARISONS:
        raise ConfigurationError(
            f"{name} must be a datetime with a time zone, or a date, or a timedelta, not {value!r}"
        )
    if not isinstance(value, str):
        value = getattr(value, "id", value)
    if isinstance(value, str) and value:
        return value
    raise ConfigurationError(f"{name} must be a string that is not empty, or a datetime, not {value!r}")
