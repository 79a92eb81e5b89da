"""Ids of objects, which every verb accepts as a string or as the object itself."""

from __future__ import annotations

from typing import Protocol

from coredata_async.errors import ConfigurationError


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
