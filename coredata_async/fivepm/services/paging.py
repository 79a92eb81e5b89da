"""Part of a listing to fetch, beside its filters."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import attrs

from coredata_async.errors import ConfigurationError

F = TypeVar("F")


def in_range(least: int) -> Any:
    """Return an attrs validator: the value must be `None` or at least this number."""

    def check(_: object, attribute: attrs.Attribute[Any], value: int | None) -> None:
        if value is not None and value < least:
            raise ConfigurationError(f"{attribute.name} must be {least} or more, not {value}")

    return check


def filters_only(wanted: object, kind: type[F]) -> F:
    """Return the filters alone, as the class that has a table of the service's names."""
    spots = attrs.fields(cast("Any", kind))
    return kind(**{attribute.name: getattr(wanted, attribute.name) for attribute in spots})
