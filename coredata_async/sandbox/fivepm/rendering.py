"""Objects as they are shown, and their bytes as XML or JSON."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.fields import EMPTY, FILE, USER, Kind, Noun, Record, Value
from coredata_async.sandbox.fivepm.state import State

Scalar: TypeAlias = "str | int | float | bool | datetime | NoDate | None"
Shown: TypeAlias = "Scalar | Mapping[str, Shown] | Listed"
Item: TypeAlias = Mapping[str, "Shown"]
_MEMBER = frozenset(("id", "email", "firstName", "lastName", "title", "securityLevel"))
_FORMS = {"space": "%Y-%m-%d %H:%M:%S", "t": "%Y-%m-%dT%H:%M:%S", "z": "%Y-%m-%dT%H:%M:%SZ"}
_ZERO = "0000-00-00 00:00:00"
_EMPTY_VALUES: Mapping[str, object] = {"string": "", "null": None, "list": []}
_EMPTY_LISTS: Mapping[str, object] = {"list": [], "object": {}, "string": "", "null": None}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AWKWARD = re.compile(r"[&<>\r\n]")


@frozen
class NoDate:
    """Unset date."""


@frozen
class Listed:
    """Several objects; `total` is None for a bare list, as in metainfo."""

    items: tuple[Shown, ...]
    total: int | None = None


@frozen
class SingleView:
    """One object, and the name that it may be wrapped in."""

    name: str
    item: Item


@frozen(kw_only=True)
class Viewer:
    """Renderer of objects in one dialect."""

    dialect: Dialect
    state: State

    def item(self, noun: Noun, record: Record, *, team: bool = True, plus: Item | None = None) -> Item:
        """Return an object with all its attributes; with the team only if requested."""
        known = (name for name in (*noun.fields, *noun.given) if name not in record)
        whole: Record = {**record, **{name: EMPTY[noun.kind(name)] for name in known}}
        shown = {
            name: self._render("text" if name == "id" else noun.kind(name), value, is_id=name == "id")
            for name, value in whole.items()
            if name not in noun.secret and (team or noun.kind(name) != "team")
        }
        return {**shown, **(plus or {})}

    def single(self, noun: Noun, record: Record, *, plus: Item | None = None) -> SingleView:
        """Return one object."""
        return SingleView(noun.name, self.item(noun, record, plus=plus))

    def page(self, items: Iterable[Item], total: int) -> Listed:
        """Return a part of a list."""
        return Listed(tuple(items), total)

    def files(self, activity: str) -> Listed:
        """Return the files of an activity."""
        mine = [one for one in self.state.files.values() if one["activityId"] == activity]
        return self.page((self.item(FILE, one) for one in mine), len(mine))

    def _render(self, kind: Kind, value: Value, *, is_id: bool = False) -> Shown:
        if isinstance(value, tuple):
            members = tuple(self._member(one) for one in value)
            return Listed(members, len(members))
        if kind == "date" and value is None:
            return NoDate()
        numeric = kind == "reference" or (is_id and self.dialect.numbers == "numbers")
        return int(value) if numeric and isinstance(value, str) and value.isdecimal() else value

    def _member(self, user: str) -> Shown:
        known = self.state.users.get(user)
        if known is None or self.dialect.team_items == "ids":
            return int(user) if user.isdecimal() else user
        return {name: one for name, one in self.item(USER, known).items() if name in _MEMBER}


def render_scalar(value: Scalar, dialect: Dialect) -> str:
    """Return a value as the dialect writes it: an empty text for an unset one."""
    match value:
        case bool():
            return str(value).lower() if dialect.booleans == "words" else str(int(value))
        case float():
            # MySQL writes decimals with two places ("0.00").
            return f"{value:.2f}"
        case datetime():
            # A zone is not stated anywhere, so "z" is the worst case.
            return value.strftime(_FORMS[dialect.dates])
        case NoDate():
            return _ZERO if dialect.no_date == "zero" else ""
        case _:
            return "" if value is None else str(value)


def write_json(value: Shown, dialect: Dialect) -> bytes:
    """Return the body of the response as PHP's json_encode might write it; no example exists."""
    plain = _json_value(value, dialect)
    return json.dumps({dialect.root: plain} if dialect.wrapped else plain).encode()


def _json_value(value: Shown, dialect: Dialect) -> object:
    if isinstance(value, Listed):
        return _json_list(value, dialect)
    if isinstance(value, Mapping):
        return {name: _json_value(one, dialect) for name, one in value.items()}
    if isinstance(value, bool) and dialect.booleans == "words":
        return value
    if isinstance(value, (int, float)) and dialect.numbers != "strings":
        return int(value) if isinstance(value, bool) else value
    return render_scalar(value, dialect) or _EMPTY_VALUES[dialect.empty_value]


def _json_list(value: Listed, dialect: Dialect) -> object:
    items = _json_items([_json_value(one, dialect) for one in value.items], dialect)
    if value.total is None or dialect.items == "bare":
        return items
    sums = {"total": _json_value(value.total, dialect), "count": _json_value(len(value.items), dialect)}
    return {**(sums if dialect.totals else {}), "items": items}


def _json_items(items: list[object], dialect: Dialect) -> object:
    if not items:
        return _EMPTY_LISTS[dialect.empty_list]
    match dialect.items:
        case "item":
            return {"item": items[0] if len(items) == 1 else items}
        case "numeric":
            return {str(n): one for n, one in enumerate(items, 1)}
        case _:
            return items


def write_xml(value: Shown, dialect: Dialect) -> bytes:
    """Return the body of the response as XML: the only observed format."""
    return f"{_HEAD}{_xml_element(dialect.root, value, dialect)}".encode()


def _xml_element(name: str, value: Shown, dialect: Dialect) -> str:
    inside = _xml_content(value, dialect)
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def _xml_content(value: Shown, dialect: Dialect) -> str:
    if isinstance(value, Listed):
        return _xml_list(value, dialect)
    if isinstance(value, Mapping):
        return "".join(_xml_element(name, one, dialect) for name, one in value.items())
    return _xml_text(render_scalar(value, dialect))


def _xml_text(text: str) -> str:
    """Write markup as CDATA, as the real service does; characters that XML forbids are omitted."""
    clean = _FORBIDDEN.sub("", text)
    if not _AWKWARD.search(clean):
        return clean
    # A parser turns every line end into a line feed; a carriage return survives only as a reference.
    lines = (part.replace("]]>", "]]]]><![CDATA[>") for part in clean.split("\r"))
    return "&#13;".join(f"<![CDATA[{line}]]>" for line in lines)


def _xml_list(value: Listed, dialect: Dialect) -> str:
    items = "".join(_xml_element("item", one, dialect) for one in value.items)
    if value.total is None or dialect.items == "bare":
        return items
    sums = f"<total>{value.total}</total><count>{len(value.items)}</count>" if dialect.totals else ""
    return f"{sums}<items>{items}</items>" if items else f"{sums}<items/>"
