"""Models as plain data: the content of JSON lines, and the source of table columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import cast

import attrs


def plain(value: object) -> object:
    """Convert a model to the form of the service, with its unknown fields among the others.

    Aware times end in `Z`. A time without a zone, as 5pm sends it, stays without one, because its zone is
    not documented.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date):  # a datetime is a date, too
        return value.isoformat()
    if isinstance(value, Mapping):  # before models, because the aspects of a document are both
        return {str(name): plain(each) for name, each in cast("Mapping[object, object]", value).items()}
    if attrs.has(type(value)):
        return plain_object(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in cast("Sequence[object]", value)]
    return value


def plain_object(model: object) -> dict[str, object]:
    """Convert one model."""
    names = [attribute.name for attribute in attrs.fields(cast("type[attrs.AttrsInstance]", type(model)))]
    found = {name: plain(getattr(model, name)) for name in names if name != "extra"}
    return {**cast("dict[str, object]", plain(getattr(model, "extra", {}))), **found}


def select(found: object, path: str) -> object:
    """Return the value at a dotted path such as `space.title`; for a list, the values of its items."""
    path = path.removeprefix("extra.")  # undocumented fields are among the others
    name, _, rest = path.partition(".")
    if isinstance(found, list):
        items = cast("list[object]", found)
        return [select(each, path) for each in items]
    value = cast("dict[str, object]", found).get(name) if isinstance(found, dict) else None
    return select(value, rest) if rest else value


def flatten(found: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted paths and values of all non-empty fields."""
    for name, value in found.items():
        if isinstance(value, dict) and value:
            yield from flatten(cast("dict[str, object]", value), f"{above}{name}.")
        elif value not in (None, "", [], {}):
            yield f"{above}{name}", value
