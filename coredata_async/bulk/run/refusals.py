"""Refusals: when they concern single files only, and when a run should end because of them.

The rule. Refusals of one reason are counted until a file succeeds. When there are `REFUSALS` of them, the
files are compared: what they have in common (all empty, or of one order of size; one folder; one ending) may
be the reason. It explains the refusals if no file with it was accepted, and if there are files without it
that were accepted, or are still to be tried. As long as something explains them, only the refused files fail.
Unlike files that are refused for the same reason end the run, in good order: uploads in flight are completed.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Final, TypeVar

from attrs import define, field, frozen

from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.states import State

T = TypeVar("T")

REFUSALS: Final = 30
"""Refusals of one reason, without a success in between, that are looked into."""
STEP: Final = 5
"""Further refusals before the next look, at least; of many, a tenth."""
SIZES: Final = (1, 1 << 10, 1 << 20, 1 << 30, 1 << 62)
"""Upper ends of the orders of size: empty, below 1 KiB, 1 MiB, 1 GiB, and the rest."""
ABOUT_ONE: Final = (" 413", "EntityTooLarge", " 414")
"""In reasons that concern the size or the name of one file, whatever else is refused."""


@frozen
class Trait:
    """Something that all refused files have in common, as SQL on `item`."""

    label: str
    where: str
    values: tuple[object, ...]


@define
class RefusedFiles:
    """The files refused for one reason since the last success."""

    folders: set[int] = field(factory=set[int])
    endings: set[str] = field(factory=set[str])
    sizes: set[int] = field(factory=set[int])
    count: int = 0
    next_check: int = REFUSALS

    def add(self, item: Item) -> bool:
        """Count a file, and tell if it is time to look into the refusals."""
        self.count += 1
        _add(self.folders, item.folder)
        _add(self.endings, _ending(item.filename))
        _add(self.sizes, _order(item.fingerprint.size))
        if self.count < self.next_check:
            return False
        self.next_check += max(STEP, self.count // 10)
        return True

    def traits(self) -> list[Trait]:
        """Give what all of them have in common."""
        found: list[Trait] = []
        if len(self.folders) == 1:
            found.append(Trait("folder", "folder = ?", (*self.folders,)))
        if len(self.endings) == 1:
            (ending,) = self.endings
            pattern = ending.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            where = "filename LIKE ? ESCAPE '\\'" if ending else "filename NOT LIKE ? ESCAPE '\\'"
            found.append(Trait("ending", where, (f"%{pattern}" if ending else "_%.%",)))
        if len(self.sizes) == 1:
            (order,) = self.sizes
            bounds = (0, *SIZES)
            found.append(Trait("size", "size >= ? AND size < ?", (bounds[order], bounds[order + 1])))
        return found


@define(eq=False)
class Refusals:
    """All refusals of a run."""

    _reasons: dict[str, RefusedFiles] = field(factory=dict[str, RefusedFiles], init=False)

    def succeed(self) -> None:
        """Forget what was refused: something works."""
        if self._reasons:
            self._reasons.clear()

    def add(self, item: Item, reason: str) -> RefusedFiles | None:
        """Count a refusal, and give what is to be looked into if it is time to."""
        if any(each in reason for each in ABOUT_ONE):
            return None
        refused = self._reasons.setdefault(reason, RefusedFiles())
        return refused if refused.add(item) else None


def is_explained(db: sqlite3.Connection, traits: list[Trait], *, scanned: bool) -> bool:
    """Check if something that the refused files have in common explains the refusals.

    Runs in the journal's thread.

    Args:
        db: The journal.
        traits: What they have in common.
        scanned: False while the scan may still find files without it.
    """
    return any(_explains(db, trait, scanned=scanned) for trait in traits)


def _explains(db: sqlite3.Connection, trait: Trait, *, scanned: bool) -> bool:
    accepted = (int(State.CONFIRMED), int(State.DONE))
    ended = (int(State.FAILED), int(State.SKIPPED))
    with_it = f"SELECT 1 FROM item WHERE ({trait.where}) AND state IN (?, ?) LIMIT 1"  # noqa: S608
    without = f"SELECT 1 FROM item WHERE NOT ({trait.where}) AND state NOT IN (?, ?) LIMIT 1"  # noqa: S608
    if db.execute(with_it, (*trait.values, *accepted)).fetchone() is not None:
        return False
    return not scanned or db.execute(without, (*trait.values, *ended)).fetchone() is not None


def _add(values: set[T], value: T) -> None:
    """Remember two values at most: they are as good as many."""
    if len(values) < 2:  # noqa: PLR2004
        values.add(value)


def _ending(filename: str) -> str:
    return os.path.splitext(filename)[1].lower()  # noqa: PTH122  # no path


def _order(size: int) -> int:
    return next(number for number, end in enumerate(SIZES) if size < end)
