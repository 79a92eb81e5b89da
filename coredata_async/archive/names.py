"""Names of the objects of a 5pm project in its archive: chosen once, and kept in every later run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import evolve, field, frozen

from coredata_async.storage.filenames import LONGEST, fold, insert_before_suffix, safe_filename

__all__ = ["LONGEST", "NOTES", "NameRequest", "Names", "folder_name", "safe"]

NOTES: Final = "activities"
"""Folder within the archive that contains the documents; files cannot have this name."""


def _none() -> Mapping[str, str]:
    return {}


@frozen(kw_only=True)
class NameRequest:
    """Object that needs a name."""

    key: str
    """Unique key: `file:17`."""
    name: str
    """Name in 5pm."""
    id: str
    """Id, which distinguishes objects of the same name."""


@frozen(kw_only=True)
class Names:
    """All names given so far, and the files that are in CoreData."""

    folder: str
    """Name of the archive's folder."""
    given: Mapping[str, str] = field(factory=_none)
    """Names by key."""
    done: frozenset[str] = frozenset()
    """Keys of files that are known to be in CoreData."""

    def with_(self, requests: Iterable[NameRequest]) -> Names:
        """Return these names, with a name for each request that has none yet.

        Of two equal names, the later gets its 5pm id added. Names that differ only in case count as equal,
        because they are equal on some systems, and so do Unicode forms, because they are equal in CoreData.
        """
        found = dict(self.given)
        taken = {fold(NOTES), *(fold(name) for name in found.values())}
        for request in requests:
            if request.key in found:
                continue
            name = safe(request.name, request.id)
            if fold(name) in taken:
                name = _with_number(name, request.id)
            while fold(name) in taken:  # a file may have such a name in 5pm, too
                name = _with_number(name, request.id)
            taken.add(fold(name))
            found[request.key] = name
        return evolve(self, given=found)

    def with_known(self, keys: Iterable[str]) -> Names:
        """Return these names, with these files recorded as in CoreData."""
        return evolve(self, done=self.done | frozenset(keys))


def folder_name(name: str, project_id: str) -> str:
    """Return the name of a project's folder.

    It contains the id, because two projects of one name must not be merged in one folder, regardless of the
    user and the machine.
    """
    return safe(name, project_id, f" (5pm {project_id})")


def safe(name: str, otherwise: str, suffix: str = "") -> str:
    """Return a name without a path, valid on any file system, and not too long; see `safe_filename`."""
    return safe_filename(name, f"5pm {otherwise}", suffix=suffix)


def _with_number(name: str, number: str) -> str:
    return insert_before_suffix(name, f" (5pm {number})")
