"""What has been found in a directory and not been told yet."""

from __future__ import annotations

from typing import Final

from coredata_async.bulk.scan.found import Batch, Directory, Found
from coredata_async.bulk.text import shown, visible

SIZE: Final = 1000
"""Entries of a batch, at most."""

_TOLD: Final = 3
"""Warnings of a batch that are told; the others are counted."""


class Tray:
    """Collects the next batch of a directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._entries = dict[bytes, Found]()  # some file systems list a name twice while it is renamed
        self._excluded = 0
        self._warnings = list[str]()

    def put(self, found: Found | None) -> None:
        """Take an entry; `None` is one that the selection leaves out."""
        if found is None:
            self._excluded += 1
        else:
            self._entries[found.name] = found

    def warn(self, words: str) -> None:
        """Take a warning."""
        self._warnings.append(words)

    def __bool__(self) -> bool:
        """Whether it holds anything."""
        return bool(self._entries) or self._excluded > 0

    @property
    def is_full(self) -> bool:
        """Whether it is time for a batch; so that a scan can be ended, also for what is left out."""
        return len(self._entries) + self._excluded >= SIZE

    def take(self, *, complete: bool) -> Batch:
        """Empty it into a batch, sorted by name."""
        entries = tuple(self._entries[name] for name in sorted(self._entries))
        batch = Batch(self._directory, entries, self._excluded, complete, self._said())
        self._entries, self._excluded, self._warnings = {}, 0, []
        return batch

    def _said(self) -> tuple[str, ...]:
        more = len(self._warnings) - _TOLD
        if more <= 0:
            return tuple(self._warnings)
        where = visible(shown(self._directory.path))
        return (*self._warnings[:_TOLD], f"and {more} more such warnings about {where}")
