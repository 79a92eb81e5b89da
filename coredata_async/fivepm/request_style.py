"""Style of requests, in all details that the vendor's page leaves open, and arguments in PHP's brackets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Final, Literal, cast

import attrs
from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.fivepm.method import Method, Route
from coredata_async.fivepm.names import NAMES
from coredata_async.ids import Id
from coredata_async.message import Request
from coredata_async.query_string import encode_pairs
from coredata_async.unset import UNSET

Format = Literal["json", "xml"]
PostParams = Literal["body", "query", "split"]
Dates = Literal["space", "t"]
"""`2026-11-22 10:00:00`, or `2026-11-22T10:00:00`. It is not documented which of them 5pm reads."""
TeamEncoder = Callable[[Sequence[str]], Mapping[str, object]]
"""Function from ids of users to the fields of a team, beside those of the project or task."""

URLENCODED: Final = "application/x-www-form-urlencoded"
_ACCEPT: Final[Mapping[Format, str]] = {
    "json": "application/json, text/xml;q=0.5, */*;q=0.1",
    "xml": "text/xml, application/xml, application/json;q=0.5, */*;q=0.1",
}


def index_team(ids: Sequence[str]) -> Mapping[str, object]:
    """Return `task[team][0]=7`: the name as in replies, the rest inferred from the service's older API."""
    return {"team": ids}


@frozen(kw_only=True)
class RequestStyle:
    """Style of requests. Undocumented details can be changed here."""

    format: Format = "json"
    """Requested format. The format of a response is recognised by its bytes."""
    post_params: PostParams = "body"
    """Place of the arguments of a POST; `split` is the object in the body, all others in the query."""
    team: TeamEncoder = field(default=index_team, repr=False)
    dates: Dates = "space"

    def request(
        self,
        method: Method,
        params: Mapping[str, object],
        *,
        repeatable: bool | None = None,
        route: Route | None = None,
        stream: bool = False,
    ) -> Request:
        """Build a request without a credential.

        Args:
            method: Row of the method.
            params: Parameters by the service's names, nested as in the service.
            repeatable: True if the request may be sent twice. Defaults to the value in the row.
            route: One of the method's `fallbacks`.
            stream: True to return the reply as a stream.
        """
        verb, path = (route.verb, route.path) if route else (method.verb, method.path)
        pairs = flatten(params, dates=self.dates)
        return_type = [("retType", "json")] if self.format == "json" else []
        match verb, self.post_params:
            case ("GET", _) | (_, "query"):
                query, body = [*pairs, *return_type], []
            case _, "split":
                query, body = return_type, pairs
            case _:
                query, body = [], [*pairs, *return_type]
        headers = {"Accept": _ACCEPT[self.format]}
        return Request(
            verb,
            f"{path}?{encode_pairs(query)}" if query else path,
            headers if verb == "GET" else {**headers, "Content-Type": URLENCODED},
            None if verb == "GET" else encode_pairs(body).encode(),
            repeatable=not method.writes if repeatable is None else repeatable,
            stream=stream,
        )

    def encode(self, value: object) -> dict[str, object]:
        """Return the fields of an object to be written, or of a filter, by the service's names.

        `UNSET` values are omitted, and `None` becomes an empty text. `extra` overrides the fields.
        """
        found: dict[str, object] = {}
        names = NAMES[type(value)]
        for attribute in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
            got: object = getattr(value, attribute.name)
            if attribute.name == "extra" or got is UNSET:
                continue
            found.update(self._field(attribute.name, names[attribute.name], got))
        return {**found, **cast("Mapping[str, object]", getattr(value, "extra", {}))}

    def _field(self, name: str, wire: str, value: object) -> Mapping[str, object]:
        if value is None:
            return {wire: ""}
        if name == "team":
            return self.team(_several(name, value))
        if name.endswith("_id"):
            return {wire: _reference(value)}
        if name == "tags" and not isinstance(value, str):
            return {wire: _join_tags(_several(name, value))}
        return {wire: value}


def key(value: Id, what: str = "id") -> str:
    """Return the id in a text or in an object.

    Raises:
        ConfigurationError: If it is empty, because the effect of a removal without an id is not documented.
    """
    value = _reference(value or "")
    if not str(value or "").strip():
        raise ConfigurationError(f"the {what} must be a non-empty text, not {value!r}")
    return str(value)


def _reference(value: object) -> str:
    """Return the id of an object, or the given text."""
    found: object = getattr(value, "id", value)
    return "" if found is None else str(found)


def _several(name: str, value: object) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"{name} takes a list of strings, not {type(value).__name__}")
    return [_reference(each) for each in cast("Sequence[object]", value)]


def _join_tags(tags: Sequence[str]) -> str:
    odd = next((tag for tag in tags if "," in tag), None)
    if odd is not None:
        raise ConfigurationError(
            f"a tag cannot contain a comma, because 5pm separates tags by commas: {odd!r}"
        )
    return ",".join(tags)


def flatten(params: Mapping[str, object], *, dates: Dates = "space") -> list[tuple[str, str]]:
    """Return the arguments as pairs for a query or a form.

    `None` and `UNSET` are omitted. Booleans are 1 and 0, because PHP reads the text "false" as true. A list
    is counted from 0, a list of objects from 1, as in the vendor's example: with empty brackets PHP would
    make two objects of two fields. An empty list is sent as an empty text.

    Raises:
        ConfigurationError: For a value that cannot be encoded, and for a date with a time zone.
    """
    return [pair for name, value in params.items() for pair in _pairs(name, value, dates)]


def _pairs(name: str, value: object, dates: Dates) -> Iterator[tuple[str, str]]:
    if value is None or value is UNSET:
        return
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[object, object]", value).items():
            yield from _pairs(f"{name}[{key}]", inner, dates)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        items = cast("Sequence[object]", value)
        if not items:
            yield name, ""
        first = 1 if items and isinstance(items[0], Mapping) else 0
        for index, inner in enumerate(items, first):
            yield from _pairs(f"{name}[{index}]", inner, dates)
    else:
        yield name, _text(name, value, dates)


def _text(name: str, value: object, dates: Dates) -> str:
    match value:
        case Enum():
            return _text(name, value.value, dates)
        case bool():
            return "1" if value else "0"
        case str():
            return value
        case int():
            return str(value)
        case float() | Decimal():
            if not math.isfinite(value):
                raise ConfigurationError(f"{name} must be a number, not {value}")
            return format(Decimal(str(value)), "f")  # some servers would read 1e-07 as a word
        case date():
            return _moment(name, value, dates)
        case _:
            raise ConfigurationError(f"{name}: a {type(value).__name__} cannot be sent to 5pm")


def _moment(name: str, value: date, dates: Dates) -> str:
    when = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    if when.tzinfo is not None:
        raise ConfigurationError(
            f"{name}: 5pm does not support time zones; give the account's own local time, without tzinfo"
        )
    return when.isoformat(sep=" " if dates == "space" else "T", timespec="seconds")
