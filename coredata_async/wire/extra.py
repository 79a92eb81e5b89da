"""The shared, empty `extra` of objects without unknown fields."""

from __future__ import annotations

from typing import Any, Final, NoReturn


class _Nothing(dict[str, Any]):
    """A dict that stays empty; copies and pickles are ordinary dicts."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(
            "the fields of an object that was read cannot be changed: copy them into a dict first"
        )

    __setitem__ = setdefault = update = __ior__ = _refuse  # pyright: ignore[reportAssignmentType]

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[()]]:
        return dict, ()


EMPTY_EXTRA: Final[dict[str, Any]] = _Nothing()
"""Shared by all objects: one dict for each, and its cost for the garbage collector, is 4 % of reading a File.
"""
