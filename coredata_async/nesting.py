"""Limit on the nesting depth of server responses.

Python's `repr`, `==`, `copy`, `pickle` and `json` descend one call per level and raise `RecursionError` a
little below 1000 levels, depending on the Python version and on the caller. Real responses have a handful.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar, cast

T = TypeVar("T")

LEVELS: Final = 100
"""Maximum number of nested levels of lists and objects."""


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
