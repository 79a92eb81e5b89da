"""JSON of servers: decoding without the surprises of Python's decoder, and a limit on its depth.

Python's `repr`, `==`, `copy`, `pickle` and `json` descend one call per level and raise `RecursionError` a
little below 1000 levels, depending on the Python version and on the caller. Real responses have a handful.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")
LEVELS: Final = 100
"""Maximum number of nested levels of lists and objects."""


def decode_json(raw: bytes | str) -> Any:
    """Decode JSON.

    An integer with more digits than Python converts (4300, `sys.set_int_max_str_digits`) stays a text,
    because one such value must not hide the rest.

    Raises:
        ValueError: If it cannot be decoded; usually `JSONDecodeError`. `TooDeepError` if it is nested so
            deeply that the decoder fails, which depends on the caller.
    """
    try:
        return json.loads(raw)
    except RecursionError:
        raise TooDeepError from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:
        return json.loads(raw, parse_int=_whole)


def _whole(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits


class TooDeepError(ValueError):
    """The response is nested more than `LEVELS` deep."""

    def __init__(self) -> None:
        super().__init__(f"the response is nested more than {LEVELS} levels deep")


def check_depth(value: T) -> T:
    """Return a decoded value unchanged, after checking its depth without recursion, in linear time.

    Raises:
        TooDeepError: If it is nested more than `LEVELS` deep.
    """
    level: list[object] = [value]
    for _ in range(LEVELS):
        level = [inner for outer in level for inner in _items(outer) if isinstance(inner, dict | list)]
        if not level:
            return value
    raise TooDeepError


def _items(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()
