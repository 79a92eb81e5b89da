"""What each thing of a 5pm project is called in its archive: chosen once, and kept in every later run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import evolve, field, frozen

from coredata_async.storage.filenames import LONGEST, fold, insert_before_suffix, safe_filename

__all__ = ["LONGEST", "NOTES", "NameRequest", "Names", "folder_name", "safe"]

NOTES: Final = "activities"
"""The folder within the archive that holds the documents; no file may be called so."""


def _none() -> Mapping[str, str]:
    return {}


@frozen(kw_only=True)
class NameRequest:
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

    def with_(self, wishes: Iterable[NameRequest]) -> Names:
        """The same, with a name for each wish that has none yet.

        Of two with one name the later gets its 5pm id into it. Case makes no difference on some systems,
        and neither does the Unicode form in CoreData.
        """
        found = dict(self.given)
        taken = {fold(NOTES), *(fold(name) for name in found.values())}
        for wish in wishes:
            if wish.key in found:
                continue
            name = safe(wish.name, wish.id)
            if fold(name) in taken:
                name = _with_number(name, wish.id)
            while fold(name) in taken:  # a file may be called like that in 5pm, too
                name = _with_number(name, wish.id)
            taken.add(fold(name))
            found[wish.key] = name
        return evolve(self, given=found)

    def with_known(self, keys: Iterable[str]) -> Names:
        """The same, with these files known to be in CoreData."""
        return evolve(self, done=self.done | frozenset(keys))


def folder_name(name: str, project_id: str) -> str:
    """Return what the folder of a project is called.

    The id is in it because two projects of one name must not flow into one folder, whoever archives them
    and wherever.
    """
    return safe(name, project_id, f" (5pm {project_id})")


def safe(name: str, otherwise: str, suffix: str = "") -> str:
    """Return a name without a path in it, for any file system, and not too long; see `safe_filename`."""
    return safe_filename(name, f"5pm {otherwise}", suffix=suffix)


def _with_number(name: str, number: str) -> str:
    return insert_before_suffix(name, f" (5pm {number})")
