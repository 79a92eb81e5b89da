"""Readers that build a type from decoded JSON: `cattrs` selects them, `generate` writes those of models.

Every field but the key may be absent, `null`, or the empty form of another type (`""` for a number, `{}` for
a list): all of these give the field's default. Unknown fields go to `extra`. A known field whose value cannot
be read keeps its default, and its value goes to `extra`: one bad value hides nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from types import UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
import cattrs

from coredata_async.json_text import TooDeepError
from coredata_async.wire.generate import Field, generate_reader
from coredata_async.wire.scalars import (
    PartlyReadableError,
    as_bool,
    as_date,
    as_datetime,
    as_int,
    as_is,
    as_mapping,
    as_text,
    value_error_for,
)

T = TypeVar("T")
Reader = Callable[[Any, Any], T]
"""Takes decoded JSON and the target type; raises `ValueError` if the JSON does not have that type."""

_READERS: Final[dict[Any, Reader[Any]]] = {}
_EMPTY: Final[dict[Any, object]] = {}
"""By type: immutable empty values, one of which serves all objects."""


def reader(kind: Any) -> Reader[Any]:
    """Return the reader for a type. The reader of a model is generated on first use."""
    known = _READERS.get(kind)
    if known is None:
        known = _READERS[kind] = converter.get_structure_hook(kind)
    return known


def register_reader(kind: type[Any], hook: Reader[Any], *, empty: object = None) -> None:
    """Register a reader for a custom type, and one `empty` value for all fields without a value."""
    converter.register_structure_hook(kind, hook)
    if empty is not None:
        _EMPTY[kind] = empty


def _model_reader(model: type[Any]) -> Reader[Any]:
    kinds = {name: _without_none(kind) for name, kind in get_type_hints(model).items()}
    fields = [
        Field(
            attribute.name,
            kinds[attribute.name],
            _EMPTY.get(kinds[attribute.name], attribute.default),
            reader(kinds[attribute.name]),
        )
        for attribute in attrs.fields(model)
        if attribute.name != "extra"
    ]
    return generate_reader(model, fields)


def _without_none(kind: Any) -> Any:
    """Return the one type of an optional field: an absent value never reaches its reader."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    return next(member for member in get_args(kind) if member is not type(None))


def _tuple_reader(kind: Any) -> Reader[Any]:
    item_kind = get_args(kind)[0]
    item = reader(item_kind)

    def read(value: object, _: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise value_error_for("a list", value)
        items = cast("list[Any]", value)  # type: ignore[redundant-cast]  # pyright wants it
        try:
            return tuple([item(each, item_kind) for each in items])
        except TooDeepError:
            raise
        except ValueError as exc:
            raise PartlyReadableError(_readable(items, item, item_kind), exc) from None

    return read


def _readable(items: list[Any], item: Reader[Any], kind: Any) -> tuple[Any, ...]:
    readable: list[Any] = []
    for each in items:
        with suppress(ValueError):
            readable.append(item(each, kind))
    return tuple(readable)


def _origin_is(origin: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


converter: Final[Any] = cattrs.Converter(detailed_validation=False)
for _kind, _reader in (
    (str, as_text),
    (int, as_int),
    (bool, as_bool),
    (datetime, as_datetime),
    (date, as_date),
    (Any, as_is),
):
    converter.register_structure_hook(_kind, _reader)
converter.register_structure_hook_factory(_origin_is(Mapping), lambda _kind: as_mapping)  # pyright: ignore[reportUnknownLambdaType]
converter.register_structure_hook_factory(_origin_is(tuple), _tuple_reader)
converter.register_structure_hook_factory(attrs.has, _model_reader)
