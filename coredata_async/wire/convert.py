"""JSON objects to models and back, lenient where the service's own samples disagree.

Every field but the key may be absent, `null`, or the empty form of another type (`""` for a number,
`{}` for a list): all of these give the field's default. Unknown fields go to `extra`.

`cattrs` chooses the hook of each field by its type; the loop over the fields is our own, because the
generated one is half as fast once unknown fields are to be kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
import cattrs

from coredata_async.errors import ConfigurationError
from coredata_async.wire.kind import UNSET
from coredata_async.wire.lookups import instant

try:
    _json: Any = import_module("orjson")  # the extra `fast`: a page decodes in half the time
except ImportError:
    _json = json

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

_STAMP: Final = len("2023-10-25T19:01:18")


def from_json(raw: bytes) -> Any:
    """Decode JSON; raises `ValueError`, or its subclass `JSONDecodeError`."""
    try:
        return _json.loads(raw)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None


def to_json(value: object) -> bytes:
    """Encode a new object, or an edit: only what was given, dates as the service writes them."""
    return json.dumps(given(value), ensure_ascii=False, default=_plain).encode()


def given(value: object) -> dict[str, Any]:
    """The fields of a new object that are not `None`, or of an edit that are not `UNSET`."""
    found: dict[str, Any] = {}
    for spot in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
        got = getattr(value, spot.name)
        if spot.name == "extra" or got is UNSET or (got is None and spot.default is None):
            continue
        found[spot.name] = _fitting(spot.name, str(spot.type), got)
    return found


def _fitting(name: str, kind: str, value: object) -> object:
    """The value, unless Python took something for its type that the service would not."""
    if "Sequence[" in kind and isinstance(value, str):
        raise ConfigurationError(f"{name} takes a list of strings, not one string")
    if kind.startswith("date ") and isinstance(value, datetime):
        raise ConfigurationError(f"{name} takes a date without a time: use .date()")
    return value


def structure(raw: object, model: type[T]) -> T:
    """Make a model of a decoded JSON object.

    Raises:
        ValueError: Naming object and field, if a value cannot be what the field says.
    """
    hook: Any = _hook  # `cache` wants hashables, and does not know that types are
    result: T = hook(model)(raw, model)
    return result


def moment(text: str) -> datetime:
    """A timestamp as the service writes it: without a zone it is UTC.

    Microseconds, an offset, a date alone, and a colon in place of the decimal point all occur.
    """
    if len(text) == _STAMP:
        return datetime.fromisoformat(text + "+00:00")
    hours, colon, fraction = text.rpartition(":")
    if colon and len(fraction) == len("234123") and fraction.isdigit():
        text = f"{hours}.{fraction}"
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return instant(value, "a date sent")
    if isinstance(value, date):
        return value.isoformat()
    if attrs.has(type(value)) and not isinstance(value, Mapping):
        return given(value)
    if isinstance(value, Mapping):  # the aspects of a document that was read
        return dict(cast("Mapping[str, Any]", value))
    raise ConfigurationError(f"a {type(value).__name__} cannot be sent as JSON")


def _model_hook(model: type[Any]) -> Hook:
    kinds = get_type_hints(model)
    spots = [spot for spot in attrs.fields(model) if spot.name != "extra"]
    # The names must be our own objects: with those of the JSON, which only equal them, the call of the
    # model takes 11 us in place of 4.5, for each keyword is then compared with every field.
    hooks = {spot.name: (spot.name, _hook(_without_none(kinds[spot.name]))) for spot in spots}
    # Texts, two fields out of three, are taken as they are: a call for each would cost as much as the rest.
    texts = {spot.name: spot.name for spot in spots if kinds[spot.name] is str and spot.default == ""}
    required = tuple(spot.name for spot in spots if spot.default is attrs.NOTHING)

    def read(raw: Any, kind: Any) -> Any:
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in _mapping(raw).items():
            if value.__class__ is str and key in texts:
                values[texts[key]] = value
            elif key not in hooks:
                extra[key] = value
            elif value or value is False or value == 0:
                name, hook = hooks[key]
                try:
                    values[name] = hook(value, kind)
                except (TypeError, ValueError) as exc:
                    raise ValueError(f"{_identity(model, raw)}: field {name}: {exc}") from None
        for name in required:
            if name not in values:
                raise ValueError(f"{_identity(model, raw)} comes without {name}")
        return model(**values, extra=extra)

    return read


def _identity(model: type[Any], found: Mapping[str, Any]) -> str:
    return f"{model.__name__} {found.get('id') or found.get('username') or ''}".rstrip()


def expected(what: str, value: object) -> ValueError:
    """The error for a value that cannot be what its field says."""
    return ValueError(f"expected {what}, not {repr(value)[:60]}")


def _text(value: object, _: object = None) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise expected("text", value)


def _whole(value: object, _: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise expected("a whole number", value)


def _truth(value: object, _: object) -> bool:
    if isinstance(value, bool):
        return value
    raise expected("true or false", value)


def _mapping(value: object, _: object = None) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise expected("an object", value)


def _tuple_hook(kind: Any) -> Hook:
    item_kind = get_args(kind)[0]
    item = _hook(item_kind)

    def read(value: object, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise expected("a list", value)
        items = cast("list[Any]", value)  # type: ignore[redundant-cast]  # pyright wants it
        return tuple(item(each, item_kind) for each in items)

    return read


def _without_none(kind: Any) -> Any:
    """The one type of an optional field: what is absent never reaches its hook."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    return next(arm for arm in get_args(kind) if arm is not type(None))


@cache
def _hook(kind: Any) -> Hook:
    hook: Hook = converter.get_structure_hook(kind)
    return hook


def _origin_is(origin: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def _moment_hook(value: object, _: object) -> datetime:
    return moment(_text(value))


def _day_hook(value: object, _: object) -> date:
    return date.fromisoformat(_text(value)[: len("2023-10-25")])


def _as_it_is(value: object, _: object) -> object:
    return value


converter: Final[Any] = cattrs.Converter(detailed_validation=False)
for _kind, _reader in (
    (str, _text),
    (int, _whole),
    (bool, _truth),
    (datetime, _moment_hook),
    (date, _day_hook),
    (Any, _as_it_is),
):
    converter.register_structure_hook(_kind, _reader)
converter.register_structure_hook_factory(_origin_is(Mapping), lambda _kind: _mapping)  # pyright: ignore[reportUnknownLambdaType]
converter.register_structure_hook_factory(_origin_is(tuple), _tuple_hook)
converter.register_structure_hook_factory(attrs.has, _model_hook)
