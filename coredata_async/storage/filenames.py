"""Local names of downloaded files: safe on every system, and free in their directory."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from attrs import define, field

from coredata_async.storage.atomic import holds

LONGEST: Final = 200
"""Maximum length of a name, in bytes. Most file systems allow 255, and a temporary name is longer."""
_BAD: Final = '/\\<>:"|?*'
"""Separators, and characters that Windows and its network shares reject."""
_DEVICE: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?:\..*)?",
    re.IGNORECASE | re.DOTALL,
)
"""Names that Windows opens as a device, with any suffix."""
_NAMELESS: Final = "file"
REMEMBERED: Final = 10_000
"""Maximum number of saved files that are remembered. This bounds the memory."""


def safe_filename(name: str, otherwise: str, *, suffix: str = "") -> str:
    """Return one path segment that is safe to create, as close to the server's name as possible.

    The result is the same on every system: in Unicode form NFC; without separators, control and invisible
    characters, and characters that Windows rejects; never `.`, `..` or the name of a Windows device; without
    surrounding spaces or trailing dots; and at most `LONGEST` bytes, with its suffix kept.

    Args:
        name: Name that the server gave.
        otherwise: Name used if nothing is left of the first; it is made safe as well.
        suffix: Appended to the name; it counts towards the length.
    """
    for candidate in (name, otherwise, _NAMELESS):
        cleaned = _clean(candidate)
        if cleaned.strip("._ "):
            break
    else:
        cleaned = _NAMELESS
    if suffix:
        return _cut(cleaned, len(suffix.encode())) + suffix
    return _cut(cleaned)


def fold(name: str) -> str:
    """Return a key that is equal for names that some file system treats as the same.

    APFS, HFS+ and NTFS ignore case; the first two also ignore the Unicode form.
    """
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFC", name).casefold()
    return unicodedata.normalize("NFC", folded)


def alternatives(name: str) -> Iterator[str]:
    """Yield the name, then `stem (2).ext`, `stem (3).ext` and so on."""
    yield name
    path = PurePosixPath(name)
    number = 2
    while True:
        yield insert_before_suffix(name, f" ({number})", path.suffix)
        number += 1


def insert_before_suffix(name: str, text: str, suffix: str | None = None) -> str:
    """Return the name with a text inserted before its suffix, cut to `LONGEST` bytes."""
    ending = PurePosixPath(name).suffix if suffix is None else suffix
    more = text + ending
    stem = name[: len(name) - len(ending)] if ending else name
    return _cut(stem, len(more.encode()), keep_suffix=False) + more


def _clean(name: str) -> str:
    normal = unicodedata.normalize("NFC", name)
    shown = "".join("_" if c in _BAD or not c.isprintable() or not _is_encodable(c) else c for c in normal)
    shown = _trim(shown)
    return f"_{shown}" if _DEVICE.fullmatch(shown) else shown


def _is_encodable(character: str) -> bool:
    """Check that this process can encode the character in file names. In an ASCII locale, it may not."""
    try:
        character.encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        return False
    return True


def _trim(name: str) -> str:
    return name.strip().rstrip(". ")


def _cut(name: str, room: int = 0, *, keep_suffix: bool = True) -> str:
    """Shorten the name so that `room` more bytes fit, and keep its suffix unless that is very long."""
    longest = LONGEST - room
    if len(name.encode()) <= longest:
        return name
    suffix = PurePosixPath(name).suffix if keep_suffix else ""
    suffix = suffix if len(suffix.encode()) < longest // 2 else ""
    stem = name[: len(name) - len(suffix)].encode()[: longest - len(suffix.encode())]
    return _trim(stem.decode("utf-8", "ignore") + suffix)


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
