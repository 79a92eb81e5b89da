"""Common parts of all listings: a memory of recent keys, and collection up to a limit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Hashable, Iterable
from contextlib import aclosing
from typing import TypeVar

from attrs import define, field

T = TypeVar("T")


@define
class RecentKeys:
    """The most recent keys, up to a maximum number."""

    remembered: int
    _keys: OrderedDict[Hashable, None] = field(factory=OrderedDict[Hashable, None], init=False)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._keys

    def add(self, keys: Iterable[Hashable]) -> list[bool]:
        """Remember keys, and return for each of them whether it is new."""
        new: list[bool] = []
        for key in keys:
            new.append(key not in self._keys)
            if new[-1]:
                self._keys[key] = None
                if len(self._keys) > self.remembered:
                    self._keys.popitem(last=False)
        return new


async def collect(items: AsyncGenerator[T, None], limit: int | None) -> list[T]:
    """Return all items, or the first `limit` without waiting for more."""
    collected: list[T] = []
    if limit is not None and limit <= 0:
        return collected
    async with aclosing(items):
        async for item in items:
            collected.append(item)
            if limit is not None and len(collected) >= limit:
                break
    return collected
