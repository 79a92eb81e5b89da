"""What each thing of a 5pm project is called in its archive: chosen once, and kept in every later run."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from attrs import evolve, field, frozen

LONGEST: Final = 200
"""Bytes of a name; most systems take 255, and a temporary name is longer."""
NOTES: Final = "activities"
"""The folder within the archive that holds the documents; no file may be called so."""
_BAD: Final = '/\\<>:"|?*'


def _none() -> Mapping[str, str]:
    return {}


@frozen(kw_only=True)
class Wish:
    """A thing that needs a name."""

    key: str
    """What tells it from all others: `file:17`."""
    name: str
    """What it is called in 5pm."""
    id: str
    """Tells it from another of the same name."""


@frozen(kw_only=True)
class Names:
    """Every name that was given so far, and which files are in CoreData."""

    folder: str
    """Of the archive itself."""
    given: Mapping[str, str] = field(factory=_none)
    """By key."""
    done: frozenset[str] = frozenset()
    """Keys of files that CoreData is known to have."""

    def with_(self, wishes: Iterable[Wish]) -> Names:
        """The same, with a name for each wish that has none yet.

        Of two with one name the later gets its 5pm id into it. Case makes no difference on some systems,
        and neither does the Unicode form in CoreData.
        """
        found = dict(self.given)
        taken = {_folded(NOTES), *(_folded(name) for name in found.values())}
        for wish in wishes:
            if wish.key in found:
                continue
            name = safe(wish.name, wish.id)
            if _folded(name) in taken:
                name = _numbered(name, wish.id)
            while _folded(name) in taken:  # a file may be called like that in 5pm, too
                name = _numbered(name, wish.id)
            taken.add(_folded(name))
            found[wish.key] = name
        return evolve(self, given=found)

    def settled(self, keys: Iterable[str]) -> Names:
        """The same, with these files known to be in CoreData."""
        return evolve(self, done=self.done | frozenset(keys))


def folder_name(name: str, project_id: str) -> str:
    """What the folder of a project is called.

    The id is in it because two projects of one name must not flow into one folder, whoever archives them
    and wherever.
    """
    return safe(name, project_id, f" (5pm {project_id})")


def safe(name: str, otherwise: str, suffix: str = "") -> str:
    """One name without a path in it, for any file system, and not too long."""
    name = "".join("_" if c in _BAD or not c.isprintable() else c for c in unicodedata.normalize("NFC", name))
    name = name.strip(" ") if suffix else name.strip(" ").rstrip(".")
    if not name.strip("._ "):
        name = f"5pm {otherwise}"
    return _cut(name, len(suffix.encode())) + suffix


def _numbered(name: str, number: str) -> str:
    path = PurePosixPath(name)
    more = f" (5pm {number}){path.suffix}"
    return _cut(path.stem, len(more.encode())) + more


def _cut(name: str, room: int) -> str:
    """The name with its ending, so short that `room` more bytes fit."""
    longest = LONGEST - room
    if len(name.encode()) <= longest:
        return name
    suffix = PurePosixPath(name).suffix
    suffix = suffix if len(suffix.encode()) < longest // 2 else ""
    stem = name[: len(name) - len(suffix)].encode()[: longest - len(suffix.encode())]
    return stem.decode("utf-8", "ignore") + suffix


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
