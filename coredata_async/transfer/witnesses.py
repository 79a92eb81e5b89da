"""Witnesses: Files that are known to exist, so that a listing without them proves nothing."""

from __future__ import annotations

from typing import Final

from attrs import define, field, frozen

REMEMBERED: Final = 256
"""Maximum number of parents for which a witness is kept."""


@frozen
class Witness:
    """A File that the service has confirmed."""

    file_id: str
    at: float
    """Time of the confirmation."""


@define(eq=False)
class Witnesses:
    """One File per parent: the first that was registered there, which a lag hides only briefly.

    A server may omit Files from its lists, and from their totals, that the caller may create and not see; or
    its lists may lag behind for longer than `Retry.settle`. Such a list looks complete.
    """

    _found: dict[str, Witness] = field(factory=dict[str, Witness], init=False)

    def add(self, place: str, file_id: str, at: float) -> None:
        """Record a File, if the parent has no witness yet."""
        if place not in self._found:
            if len(self._found) >= REMEMBERED:
                del self._found[next(iter(self._found))]
            self._found[place] = Witness(file_id, at)

    def of(self, place: str, before: float) -> str | None:
        """Return the id of a File that was registered in a parent before a time, if one is known."""
        witness = self._found.get(place)
        return witness.file_id if witness is not None and witness.at <= before else None

    def discard(self, place: str) -> None:
        """Forget the File of a parent: it was deleted, or moved."""
        self._found.pop(place, None)
