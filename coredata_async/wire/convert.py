"""Models to JSON and back: what is given is sent, what comes is read leniently.

Raises `ValueError`, naming object and field, for JSON that cannot be what was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from importlib import import_module
from typing import Any, TypeVar, cast

import attrs

from coredata_async.errors import ConfigurationError
from coredata_async.wire.kind import UNSET
from coredata_async.wire.lookups import instant
from coredata_async.wire.readers import Reader, reader

try:
    _json: Any = import_module("orjson")  # the extra `fast`: a page decodes in half the time
except ImportError:
    _json = json

T = TypeVar("T")


def from_json(raw: bytes) -> Any:
    """Decode JSON; raises `ValueError`, or its subclass `JSONDecodeError`."""
    if _json is not json:
        with suppress(ValueError):  # half a surrogate pair, for one: whether `fast` is there changes nothing
            return _json.loads(raw)
    try:
        return json.loads(raw)
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
    read: Reader[T] = reader(model)
    return read(raw, model)


def structured(objects: Iterable[object], model: type[T]) -> tuple[T, ...]:
    """Make models of decoded JSON objects; raises as `structure` does."""
    read: Reader[T] = reader(model)
    return tuple([read(each, model) for each in objects])


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
