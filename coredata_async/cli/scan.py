"""The regular files of a folder; links and special files are counted, not followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen


@frozen
class Found:
    """What a folder holds."""

    files: list[tuple[Path, int]] = field(factory=list[tuple[Path, int]])
    """Paths and sizes."""
    skipped: list[tuple[Path, str]] = field(factory=list[tuple[Path, str]])
    """Paths and why: a link may lead out of the folder, or round in a circle."""
    unreadable: list[tuple[Path, str]] = field(factory=list[tuple[Path, str]])

    @property
    def bytes(self) -> int:
        """Bytes of all files together."""
        return sum(size for _, size in self.files)


def scan(folder: Path) -> Found:
    """Walk a folder; it blocks, so run it in a thread."""
    found = Found()
    pending = [folder]
    while pending:
        inside = pending.pop()
        try:
            entries = sorted(_entries(inside), key=lambda entry: entry.name)
        except OSError as exc:
            found.unreadable.append((inside, exc.strerror or "unreadable"))
            continue
        pending += [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
        for entry in entries:
            _sort_in(found, entry)
    return found


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries


def _sort_in(found: Found, entry: os.DirEntry[str]) -> None:
    path = Path(entry)
    if entry.is_symlink():
        found.skipped.append((path, "a link"))
    elif entry.is_file(follow_symlinks=False):
        try:
            found.files.append((path, entry.stat(follow_symlinks=False).st_size))
        except OSError as exc:
            found.unreadable.append((path, exc.strerror or "unreadable"))
    elif not entry.is_dir(follow_symlinks=False):
        found.skipped.append((path, "no regular file"))


def readable(path: Path) -> str:
    """A name as text: bytes that are no UTF-8 become hexadecimal escapes."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")
