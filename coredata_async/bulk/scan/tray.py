"""What has been found in a directory and not been told yet."""

from __future__ import annotations

from typing import Final

from coredata_async.bulk.scan.found import Directory, DirectoryBatch, ScannedEntry
from coredata_async.bulk.text import escape_unprintable, path_text

SIZE: Final = 1000
"""Entries of a batch, at most."""

_MAX_WARNINGS: Final = 3
"""Warnings of a batch that are told; the others are counted."""


class Batcher:
    """Collects the next batch of a directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._entries = dict[bytes, ScannedEntry]()  # some file systems list a name twice while it is renamed
        self._excluded = 0
        self._warnings = list[str]()

    def put(self, found: ScannedEntry | None) -> None:
        """Take an entry; `None` is one that the selection leaves out."""
        if found is None:
            self._excluded += 1
        else:
            self._entries[found.name] = found

    def warn(self, words: str) -> None:
        """Take a warning."""
        self._warnings.append(words)

    def __bool__(self) -> bool:
        """Return whether it holds anything."""
        return bool(self._entries) or self._excluded > 0

    @property
    def is_full(self) -> bool:
        """Return whether it is time for a batch; so that a scan can be ended, also for what is left out."""
        return len(self._entries) + self._excluded >= SIZE

    def take(self, *, complete: bool) -> DirectoryBatch:
        """Empty it into a batch, sorted by name."""
        entries = tuple(self._entries[name] for name in sorted(self._entries))
        batch = DirectoryBatch(self._directory, entries, self._excluded, complete, self._take_warnings())
        self._entries, self._excluded, self._warnings = {}, 0, []
        return batch

    def _take_warnings(self) -> tuple[str, ...]:
        more = len(self._warnings) - _MAX_WARNINGS
        if more <= 0:
            return tuple(self._warnings)
        where = escape_unprintable(path_text(self._directory.path))
        return (*self._warnings[:_MAX_WARNINGS], f"and {more} more such warnings about {where}")
