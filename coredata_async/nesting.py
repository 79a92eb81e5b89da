"""A limit on how deeply what a server sends may be nested.

Python's `repr`, `==`, `copy`, `pickle` and `json` descend one call per level and raise `RecursionError` a
little below 1000 levels, depending on the Python version and on the caller. Real answers have a handful.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar, cast

T = TypeVar("T")

LEVELS: Final = 100
"""Maximum levels of lists and objects inside each other."""


class TooDeepError(ValueError):
    """What came is nested more than `LEVELS` deep."""

    def __init__(self) -> None:
        super().__init__(f"the answer is nested more than {LEVELS} levels deep")


def check_depth(value: T) -> T:
    """Return a decoded value as it is, without recursion, in time linear in its size.

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
