"""Names to save several files under in one folder."""

from __future__ import annotations

from collections.abc import Iterable

from coredata_async.storage.filenames import alternatives, fold, safe_filename


def safe(filename: str, otherwise: str) -> str:
    """Return a name without a path in it, or the other one if nothing is left; see `safe_filename`."""
    return safe_filename(filename, otherwise)


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names in their order, the second `a.txt` as `a (2).txt`.

    Names that differ only in case or Unicode form count as the same: they are on some file systems.
    """
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        free = next(each for each in alternatives(name) if fold(each) not in taken)
        taken.add(fold(free))
        found.append(free)
    return found
