"""Values that every tenant defines: value-list strings and aspects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from attrs import field, frozen

from coredata_async.json_text import check_depth
from coredata_async.wire.readers import register_reader
from coredata_async.wire.scalars import moment, value_error_for


class ListValue(str):
    """A value of a value list, as it is sent and received: `country:Iceland:europe`.

    It is a string, because each tenant defines its own lists. Compare it, send it back, or use its parts.
    """

    __slots__ = ()

    @property
    def list(self) -> str:
        """The value list: `country`. Empty if the string is not a value of a list."""
        return self._part(0)

    @property
    def value(self) -> str:
        """The value in it: `Iceland`; the whole string if it is not a value of a list."""
        return self._part(1) if ":" in self else str(self)

    @property
    def parent(self) -> str:
        """The value it is nested under: `europe`; usually empty."""
        return self._part(2)

    def _part(self, number: int) -> str:
        parts = self.split(":", 2)
        return parts[number] if len(parts) > max(1, number) else ""


def _nothing() -> Mapping[str, Mapping[str, Any]]:
    return {}


@frozen(eq=False)  # equality of a mapping, so that it equals a dict
class Aspects(Mapping[str, Mapping[str, Any]]):
    """The further fields of a document, grouped by aspect, unchanged.

    The available aspects depend on tenant and dynatype, so it is an open mapping: `aspects["url"]["url"]`.
    The methods read a field as a type; they return `None` if aspect or field is absent or empty.
    """

    _raw: Mapping[str, Mapping[str, Any]] = field(factory=_nothing)

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        return self._raw[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def text(self, aspect: str, name: str) -> str | None:
        """Return a field as text."""
        value = self._find(aspect, name)
        return None if value is None else str(value)

    def moment(self, aspect: str, name: str) -> datetime | None:
        """Return a field as a point in time; without a zone it is UTC.

        Raises:
            ValueError: If it is not a timestamp.
        """
        value = self._find(aspect, name)
        return None if value is None else moment(str(value))

    def flag(self, aspect: str, name: str) -> bool | None:
        """Return a field as true or false.

        Raises:
            ValueError: If it is neither.
        """
        value = self._find(aspect, name)
        if value is None or isinstance(value, bool):
            return value
        raise ValueError(f"aspect {aspect}: {name} must be true or false, not {value!r}")

    def texts(self, aspect: str, name: str) -> tuple[str, ...]:
        """Return a field as a list of texts; empty if it is absent."""
        value = self._find(aspect, name)
        if value is None:
            return ()
        if not isinstance(value, list):
            return (str(value),)
        items = cast("list[Any]", value)  # type: ignore[redundant-cast]  # pyright wants it
        return tuple(str(item) for item in items)

    def _find(self, aspect: str, name: str) -> Any:
        fields = self._raw.get(aspect)
        value = fields.get(name) if isinstance(fields, Mapping) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        return None if value in ("", {}, []) else value


def _list_value(value: object, _: object) -> ListValue:
    if not isinstance(value, str):
        raise value_error_for("a value of a value list", value)
    return ListValue(value)


def _aspects(value: object, _: object) -> Aspects:
    if not isinstance(value, dict):
        raise value_error_for("an object", value)
    return Aspects(check_depth(value))  # pyright: ignore[reportUnknownArgumentType]


register_reader(ListValue, _list_value)
register_reader(Aspects, _aspects, empty=Aspects())  # shared by all objects, because it is immutable
