"""Which reader makes a type from decoded JSON: `cattrs` chooses it, `generate` writes those of models.

Every field but the key may be absent, `null`, or the empty form of another type (`""` for a number,
`{}` for a list): all of these give the field's default. Unknown fields go to `extra`. A known field whose
value cannot be read goes to `extra`, too, and the field has its default: one bad value hides nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from types import UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
import cattrs

from coredata_async.nesting import TooDeepError
from coredata_async.wire.generate import Field, generate_reader
from coredata_async.wire.scalars import (
    PartlyReadableError,
    as_day,
    as_it_is,
    as_mapping,
    as_moment,
    as_text,
    as_truth,
    as_whole,
    unexpected_value,
)

T = TypeVar("T")
Reader = Callable[[Any, Any], T]
"""Takes what `json` decoded, and the type that is wanted; raises `ValueError` if it cannot be that."""

_READERS: Final[dict[Any, Reader[Any]]] = {}
_EMPTY: Final[dict[Any, object]] = {}
"""By type: values that nothing can change, so that one does for all objects."""


def reader(kind: Any) -> Reader[Any]:
    """The reader for a type; that of a model is generated when it is first asked for."""
    found = _READERS.get(kind)
    if found is None:
        found = _READERS[kind] = converter.get_structure_hook(kind)
    return found


def reads(kind: type[Any], hook: Reader[Any], *, empty: object = None) -> None:
    """Use a reader for a type of one's own, and one `empty` value for all fields that have none."""
    converter.register_structure_hook(kind, hook)
    if empty is not None:
        _EMPTY[kind] = empty


def _model_reader(model: type[Any]) -> Reader[Any]:
    kinds = {name: _without_none(kind) for name, kind in get_type_hints(model).items()}
    fields = [
        Field(
            spot.name, kinds[spot.name], _EMPTY.get(kinds[spot.name], spot.default), reader(kinds[spot.name])
        )
        for spot in attrs.fields(model)
        if spot.name != "extra"
    ]
    return generate_reader(model, fields)


def _without_none(kind: Any) -> Any:
    """The one type of an optional field: what is absent never reaches its reader."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    return next(arm for arm in get_args(kind) if arm is not type(None))


def _tuple_reader(kind: Any) -> Reader[Any]:
    item_kind = get_args(kind)[0]
    item = reader(item_kind)

    def read(value: object, _: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise unexpected_value("a list", value)
        items = cast("list[Any]", value)  # type: ignore[redundant-cast]  # pyright wants it
        try:
            return tuple([item(each, item_kind) for each in items])
        except TooDeepError:
            raise
        except ValueError as exc:
            raise PartlyReadableError(_readable(items, item, item_kind), exc) from None

    return read


def _readable(items: list[Any], item: Reader[Any], kind: Any) -> tuple[Any, ...]:
    found: list[Any] = []
    for each in items:
        with suppress(ValueError):
            found.append(item(each, kind))
    return tuple(found)


def _origin_is(origin: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


converter: Final[Any] = cattrs.Converter(detailed_validation=False)
for _kind, _reader in (
    (str, as_text),
    (int, as_whole),
    (bool, as_truth),
    (datetime, as_moment),
    (date, as_day),
    (Any, as_it_is),
):
    converter.register_structure_hook(_kind, _reader)
converter.register_structure_hook_factory(_origin_is(Mapping), lambda _kind: as_mapping)  # pyright: ignore[reportUnknownLambdaType]
converter.register_structure_hook_factory(_origin_is(tuple), _tuple_reader)
converter.register_structure_hook_factory(attrs.has, _model_reader)
