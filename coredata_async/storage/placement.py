"""Free names for downloaded files in a directory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import define, field

from coredata_async.storage.atomic import holds
from coredata_async.storage.filenames import alternatives, fold

REMEMBERED: Final = 10_000
"""Maximum number of saved files that are remembered. This bounds the memory."""


@define
class Ownership:
    """Ids of the Files that were saved under the most recent paths.

    Two Files may have the same name and the same bytes. The second one then needs its own name, although a
    file with its content exists already.
    """

    _by_path: dict[str, str] = field(factory=dict[str, str])

    def remember(self, path: Path, file_id: str) -> None:
        """Note that a File was saved under a path."""
        self._by_path[os.path.abspath(path)] = file_id  # noqa: PTH100  # `resolve` would follow links
        if len(self._by_path) > REMEMBERED:
            del self._by_path[next(iter(self._by_path))]

    def may_own(self, path: Path, file_id: str) -> bool:
        """Check that the path is not known to belong to another File."""
        return self._by_path.get(os.path.abspath(path), file_id) == file_id  # noqa: PTH100

    def choose(self, wanted: Path, file_id: str, digest: str | None, size: int | None) -> tuple[Path, bool]:
        """Return a free path, or that of the very file, which is there already. It blocks."""

        def is_same(path: Path) -> bool:
            return digest is not None and self.may_own(path, file_id) and holds(path, digest, size)

        return choose_path(wanted.parent, wanted.name, is_same)


def choose_path(directory: Path, name: str, is_same: Callable[[Path], bool]) -> tuple[Path, bool]:
    """Return the path to save a file under, and True if the file is there already.

    Blocks: run it in a thread.

    Args:
        directory: Directory to save into. It is listed, because names may differ only in case or Unicode
            form.
        name: Preferred name; a number is inserted if it is taken.
        is_same: Checks an existing path for the same content.
    """
    taken = {fold(each) for each in os.listdir(directory)}  # noqa: PTH208  # names are all that is needed
    for candidate in alternatives(name):
        path = directory / candidate
        if fold(candidate) not in taken:
            return path, False
        if is_same(path):
            return path, True
    raise AssertionError("there is always another name")
