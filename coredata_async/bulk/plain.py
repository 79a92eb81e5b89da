"""Values of bulk jobs as plain data for JSON or `marshal`, and back. Reading is strict."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar, cast

import attrs
import cattrs
from cattrs.errors import BaseValidationError

from coredata_async.errors import ConfigurationError

T = TypeVar("T")

_NUMBERS: Final = (int, float)


def to_plain(value: object) -> dict[str, object]:
    """Return the fields of a value by name: numbers, strings, lists, dicts and None; bytes as hex digits."""
    fields = ((name, getattr(value, name)) for name in _names(cast("Hashable", type(value))))
    return {name: each if type(each) in _PLAIN else _write(each) for name, each in fields}


def from_plain(kind: type[T], data: object) -> T:
    """Read a value that `to_plain` has written. Missing fields get their defaults.

    Raises:
        ConfigurationError: If a field is unknown, is mandatory and missing, or has another type.
    """
    try:
        return _converter.structure(data, kind)
    except (BaseValidationError, TypeError, ValueError, KeyError) as exc:
        reasons = cattrs.transform_error(exc, path="") if isinstance(exc, BaseValidationError) else [str(exc)]
    raise ConfigurationError(f"{kind.__name__} cannot be read: {'; '.join(reasons)}")


_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""Types that remain as they are: most values, so they are looked for first."""


def _write(value: object) -> object:
    match value:
        case bytes():
            return value.hex()
        case str():
            return str(value)  # a reason becomes a plain string
        case os.PathLike():
            return os.fspath(cast("os.PathLike[str]", value))
        case Mapping():
            mapping = cast("Mapping[object, object]", value)
            return {str(name): _write(each) for name, each in mapping.items()}
        case Sequence():
            return [_write(each) for each in cast("Sequence[object]", value)]
        case _:
            return to_plain(value) if attrs.has(type(value)) else value


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(each.name for each in attrs.fields(cast("type[attrs.AttrsInstance]", kind)))


def _read_text(value: object, _: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a string is expected, not {type(value).__name__}")
    return value


def _read_flag(value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false is expected, not {type(value).__name__}")
    return value


def _read_integer(value: object, _: object) -> int:
    if type(value) is not int:
        raise TypeError(f"an integer is expected, not {type(value).__name__}")
    return value


def _read_number(value: object, _: object) -> float:
    if type(value) not in _NUMBERS:
        raise TypeError(f"a number is expected, not {type(value).__name__}")
    return float(cast("float", value))


def _read_bytes(value: object, _: object) -> bytes:
    return bytes.fromhex(_read_text(value, None))


def _read_path(value: object, _: object) -> str | None:
    return None if value is None else _read_text(value, None)


def _read_anything(value: object, _: object) -> object:
    return value


def _is_sequence(kind: Any) -> bool:
    """Return whether it is a sequence of any length; cattrs itself would split a string into letters."""
    origin = getattr(kind, "__origin__", None)
    return origin is Sequence or (origin is tuple and kind.__args__[1:] == (...,))


def _read_sequence(value: object, kind: Any) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"a list is expected, not {type(value).__name__}")
    inner = kind.__args__[0]
    return tuple(_converter.structure(each, inner) for each in cast("Sequence[object]", value))


def _build() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind, read in (
        (str, _read_text),
        (bool, _read_flag),
        (int, _read_integer),
        (float, _read_number),
        (bytes, _read_bytes),
        (str | os.PathLike[str] | None, _read_path),
    ):
        converter.register_structure_hook(kind, read)
    converter.register_structure_hook_func(_is_sequence, _read_sequence)
    converter.register_structure_hook_func(lambda kind: kind is object, _read_anything)
    return converter


_converter: Final = _build()
