"""Searches for the Files of blobs: the Files to list, and the comparison of a listed File with a blob."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final

from attrs import define, field, frozen

from coredata_async.resources.files import File, FileWhere
from coredata_async.resources.projects import PROJECTS
from coredata_async.transfer.steps import Stored

DIFFERENCE: Final = timedelta(minutes=15)
"""Assumed difference between the clocks that stamp a reservation and a File that resembles the wanted one."""
NAMED: Final = 20
"""Maximum number of candidates that an error names."""
PAGE: Final = 200
"""Files per page."""
LONGEST: Final = 30
"""Maximum number of characters of a title to search for, because the server may have cut or changed the rest.
"""
_SAFE: Final = re.compile(r"[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*")

Matcher = Callable[[File], Awaitable[bool]]
"""Decides whether a File belongs to a blob if the server shows no blob name; raises `UndecidableError`."""


@frozen
class Search:
    """A selection of Files to list."""

    where: FileWhere
    path: str | None = None
    """Path of another list than that of all Files."""

    @classmethod
    def in_project(cls, project: str) -> Search:
        """Search all Files of a project, whose parent is not the project but its workspace."""
        return cls(FileWhere(page_size=PAGE), f"{PROJECTS.object_path(project)}files/")

    @classmethod
    def in_folder(cls, folder: str) -> Search:
        """Search all Files directly in a folder."""
        return cls(FileWhere(parent=folder, page_size=PAGE))

    @classmethod
    def by_title(cls, title: str) -> Search | None:
        """Search all Files with a similar title; return None if the title cannot be searched for.

        Servers trim, cut and normalise titles, but they do not change the first plain words.
        """
        match = _SAFE.match(title[:LONGEST])
        if not match:
            return None
        # The last character may combine with an accent that follows it.
        beginning = match[0] if match.end() == len(title) else match[0][:-1]
        return cls(FileWhere(title__startswith=beginning, page_size=PAGE)) if beginning else None


class UndecidableError(Exception):
    """It cannot be decided from the server's response whether a File exists."""

    def __init__(self, reason: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.candidates = candidates


@frozen(kw_only=True)
class LookupResult:
    """Result of one listing for one blob."""

    hits: tuple[File, ...]
    """The Files of the blob."""
    began: float
    """Time at which the listing began."""
    incomplete_reason: str | None
    """Reason why a File may exist that is not among the hits; None if the listing was complete."""
    populated: bool
    """True if the parent is known to list its direct Files, so that the filter works."""
    shows_witness: bool = True
    """False if the listing did not show the File that was named as its witness."""


@define(eq=False)
class PendingLookup:
    """One blob that waits for a listing."""

    stored: Stored
    matcher: Matcher | None
    proof: bool
    """True to list everything, so that the result can prove absence."""
    witness: str | None = None
    hits: list[File] = field(factory=list[File])
    unclear: list[str] = field(factory=list[str])
    """Ids of Files that may belong to the blob."""
    alike: list[str] = field(factory=list[str])
    """Ids of new Files with the same name and bytes, but the name of another blob."""
    shows_witness: bool = False
    result: LookupResult | None = None
    failure: Exception | None = None

    @property
    def answered(self) -> bool:
        """True if it needs no further listing."""
        return self.result is not None or self.failure is not None

    def answer(self, began: float, doubt: str | None, *, populated: bool) -> None:
        """Set the result from a complete listing."""
        if self.unclear and not self.hits:
            reason = "the server shows no blob names, and only these would identify it"
            self.failure = UndecidableError(reason, tuple(self.unclear[:NAMED]))
        elif len(self.hits) > 1 and not self.stored.blob:
            ids = tuple(hit.id for hit in self.hits[:NAMED])
            self.failure = UndecidableError(f"{len(self.hits)} Files match it", ids)
        else:
            if doubt is None and self.alike:
                alike = ", ".join(self.alike[:NAMED])
                doubt = f"Files with the same name and bytes are listed under another blob name: {alike}"
            self.result = LookupResult(
                hits=tuple(self.hits),
                began=began,
                incomplete_reason=doubt,
                populated=populated,
                shows_witness=self.shows_witness or self.witness is None,
            )

    def clear(self) -> None:
        """Discard the results, because a new listing is read."""
        self.hits.clear()
        self.unclear.clear()
        self.alike.clear()
        self.shows_witness = False

    def is_alike(self, file: File) -> bool:
        """Return whether a File equals the wanted one except for the name of its blob."""
        stored = self.stored
        if not file.digest or file.digest.lower() != stored.md5 or file.size != stored.plan.size:
            return False
        name = unicodedata.normalize("NFC", stored.plan.filename or "")
        if file.filename and unicodedata.normalize("NFC", file.filename) != name:
            return False
        return not (file.created and stored.since) or file.created >= stored.since - DIFFERENCE


def compare_names(
    file: File, namesakes: Sequence[PendingLookup], same_bytes: Iterable[PendingLookup]
) -> None:
    """Compare a File whose blob name the server shows, perhaps in another form.

    Args:
        file: The File.
        namesakes: The blobs whose names have the same `blob_key`.
        same_bytes: The blobs with the digest of the File.
    """
    shown = file.blob_name or ""
    hits = [each for each in namesakes if shown == each.stored.blob] or [
        each for each in namesakes if is_same_blob(shown, each.stored.blob) and may_be(file, each.stored)
    ]
    for each in hits:
        each.hits.append(file)
    for each in same_bytes if not hits else ():
        if each.stored.blob and each.is_alike(file):
            each.alike.append(file.id)


def blob_key(name: str) -> str:
    """Return a text that is equal for all forms of a blob name, see `is_same_blob`."""
    return _without_hyphens(name.rpartition("/")[2])


def is_same_blob(shown: str, blob: str) -> bool:
    """Return whether a blob name is the same in another form: other case, hyphens, or a path prefix."""
    left, right = _without_hyphens(shown), _without_hyphens(blob)
    return left == right or left.endswith(f"/{right}") or right.endswith(f"/{left}")


def _without_hyphens(name: str) -> str:
    return name.casefold().replace("-", "")


async def match_by_bytes(file: File, lookups: Iterable[PendingLookup]) -> None:
    """Match a File to blobs by its bytes, because its blob name is unknown."""
    for each in lookups:
        if not may_be(file, each.stored):
            continue
        try:
            if each.matcher is None:
                each.unclear.append(file.id)
            elif await each.matcher(file):
                each.hits.append(file)
        except UndecidableError as exc:
            each.unclear.extend(exc.candidates or (file.id,))


def may_be(file: File, stored: Stored) -> bool:
    """Return whether a File may belong to a blob. An unknown digest or size does not exclude it."""
    same = not file.digest or file.digest.lower() == stored.md5
    return same and file.size in {None, 0, stored.plan.size}  # servers of 2014 knew no sizes and returned 0
