"""Typed reading of plain JSON data: a wrong or missing field is an error that names it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeVar, cast

from attrs import frozen

from coredata_async.errors import ConfigurationError

T = TypeVar("T")

_LARGEST: Final = 1 << 1000
"""Largest integer that is read as a float."""
_SHOWN: Final = 50
"""Maximum number of characters of a value in a message."""


@frozen
class PlainData:
    """A JSON object whose fields are read by type.

    Raises:
        ConfigurationError: From every method, if the field is missing or has another type.
    """

    fields: Mapping[str, object]
    noun: str
    """Name of the object in messages, for example `a stored upload`."""

    @classmethod
    def of(cls, data: object, noun: str) -> PlainData:
        """Check that the data is an object."""
        if not isinstance(data, Mapping):
            raise ConfigurationError(f"{noun} must be an object, not a {type(data).__name__}")
        return cls(cast("Mapping[str, object]", data), noun)

    def text(self, name: str) -> str:
        """Read a string."""
        return self._read(name, str)

    def optional_text(self, name: str) -> str | None:
        """Read a string, or None if it is missing or null."""
        return None if self.fields.get(name) is None else self.text(name)

    def integer(self, name: str) -> int:
        """Read an integer; a bool is not one."""
        return self._read(name, int)

    def number(self, name: str) -> float:
        """Read a finite number, as a float."""
        value = self.fields.get(name)
        if type(value) is int and abs(value) <= _LARGEST:
            return float(value)
        number = self._read(name, float)
        if not math.isfinite(number):
            raise self._wrong(name, f"a finite number, not {number}")
        return number

    def flag(self, name: str) -> bool:
        """Read a bool."""
        return self._read(name, bool)

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of strings."""
        texts: list[str] = []
        for value in cast("list[object]", self._read(name, list)):
            if not isinstance(value, str):
                raise self._wrong(name, f"a list of strings; one item is of type {type(value).__name__}")
            texts.append(value)
        return tuple(texts)

    def time(self, name: str) -> datetime | None:
        """Read a time with its zone in ISO 8601, or None if it is missing or null."""
        text = self.optional_text(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:  # one without a zone cannot be compared
            raise self._wrong(name, f"a time with its zone in ISO 8601, not {text[:_SHOWN]!r}")
        return moment

    def object(self, name: str, noun: str) -> PlainData:
        """Read an object."""
        return PlainData.of(self.fields.get(name), noun)

    def _read(self, name: str, kind: type[T]) -> T:
        value = self.fields.get(name)
        if type(value) is not kind:
            raise self._wrong(name, f"{kind.__name__}, not {type(value).__name__}")
        return value

    def _wrong(self, name: str, expected: str) -> ConfigurationError:
        return ConfigurationError(f"{self.noun}: {name!r} must be {expected}")
