"""What listings of any service have in common: keys that came before, and the first so many objects."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from typing import TypeVar

from attrs import define, field

T = TypeVar("T")


@define
class RecentKeys:
    """Keys that came before, so many of them back."""

    remembered: int
    _keys: OrderedDict[Hashable, None] = field(factory=OrderedDict[Hashable, None], init=False)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._keys

    def is_new(self, key: Hashable) -> bool:
        """Return whether a key did not come before; from now on it did."""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > self.remembered:
            self._keys.popitem(last=False)
        return True


async def collect(items: AsyncGenerator[T, None], limit: int | None) -> list[T]:
    """All that comes, or the first `limit`; what follows is not waited for."""
    found: list[T] = []
    if limit is not None and limit <= 0:
        return found
    async with aclosing(items):
        async for item in items:
            found.append(item)
            if limit is not None and len(found) >= limit:
                break
    return found
