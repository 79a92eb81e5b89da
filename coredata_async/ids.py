"""Ids of objects, which every verb accepts as a string or as the object itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Protocol

from coredata_async.errors import ConfigurationError

_UUID: Final = re.compile(
    r"(?:urn:uuid:)?\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?",
    re.IGNORECASE,
)
"""A UUID in any of its notations."""


class HasId(Protocol):
    """An object with an id, such as a Project that was read."""

    @property
    def id(self) -> str:
        """The id."""
        ...


Id = str | HasId
"""An id as a string, or an object that has one."""


def id_of(value: object, what: str = "id") -> str:
    """Return an id: a string unchanged, or the `id` of an object of the service.

    Raises:
        ConfigurationError: If it is neither.
    """
    key: object = value if isinstance(value, str) else getattr(value, "id", None)
    if not isinstance(key, str):
        raise ConfigurationError(
            f"the {what} must be a string, or an object with an id, not {type(value).__name__}"
        )
    return key


def canonical_id(value: object, what: str = "id") -> str:
    """Return an id in one notation, for comparisons: a UUID in lower case with hyphens, and others unchanged.

    Raises:
        ConfigurationError: If it is neither a string nor an object with an id.
    """
    key = id_of(value, what)
    found = _UUID.fullmatch(key)
    return key if found is None else "-".join(found.groups()).lower()


def ids_of(values: Iterable[object], what: str) -> tuple[str, ...]:
    """Return the ids of a list that contains strings, objects of the service, or both.

    Raises:
        ConfigurationError: If it is a single string, or contains something else.
    """
    if isinstance(values, str):
        raise ConfigurationError(f"{what} takes a list of strings, not one string")
    return tuple(id_of(value, what) for value in values)
