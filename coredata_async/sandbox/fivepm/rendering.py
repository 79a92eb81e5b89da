"""Objects as they are shown, before they are written as XML or JSON."""

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


@frozen
class NoDate:
    """Unset date."""


@frozen
class Listed:
    """Several objects; `total` is None for a bare list, as in metainfo (facts 6)."""

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


_MEMBER = frozenset(("id", "email", "firstName", "lastName", "title", "securityLevel"))
