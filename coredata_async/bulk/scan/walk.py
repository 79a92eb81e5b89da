"""Walk over directories, depth first. Memory holds the subdirectories of one directory per level."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import Final

from attrs import evolve, frozen

from coredata_async.bulk.formatting import printable_path
from coredata_async.bulk.scan.classify import (
    EntryClassifier,
    Identity,
    Subdirectory,
    fail_entry,
    unreadable,
)
from coredata_async.bulk.scan.entries import Directory, DirectoryBatch, Entry, ScannedEntry
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.states import Reason
from coredata_async.storage.paths import retry_stale

Batches = Generator[DirectoryBatch, None, None]
Listing = Callable[[bytes], Iterable["Entry | ScannedEntry"]]
"""Returns the entries of a directory, some of them classified already; raises `OSError` if it cannot."""

SIZE: Final = 1000
"""Maximum number of entries in a batch."""

_MAX_WARNINGS: Final = 3
"""Maximum number of warnings in a batch; further ones are only counted."""


@frozen
class Branch:
    """Directory to walk."""

    directory: Directory
    name: bytes
    """Name as an entry of the directory above."""
    above: DirectoryBatch
    """Batch of the directory above, without entries, to report that this one is unreadable."""
    selected: Filter
    chain: frozenset[Identity] = frozenset()
    """This directory and those on the path to it, if links are followed."""
    expected: bool = False
    """True if the user named it, so that its absence is an error."""


@frozen
class Walk:
    """Options of the walk."""

    classifier: EntryClassifier
    listing: Listing
    expected: bool = False
    """True if the user named the listed files, so that their absence is an error."""

    def batches(self, branches: Iterator[Branch]) -> Batches:
        """Yield the batches of directories and of their subdirectories."""
        stack = [branches]  # not recursion: trees may be deeper than Python's stack
        while stack:
            branch = next(stack[-1], None)
            if branch is None:
                stack.pop()
            else:
                stack.append((yield from self._directory(branch)))

    def _directory(self, branch: Branch) -> Generator[DirectoryBatch, None, Iterator[Branch]]:
        batcher, below, selected = Batcher(branch.directory), list[Subdirectory](), branch.selected
        trouble: OSError | None = None
        try:
            selected = selected.inside(branch.directory.path, batcher.warn)
            for entry in self.listing(branch.directory.path):
                subdirectory = self._classify(entry, selected, branch.chain, batcher)
                if subdirectory is not None:
                    below.append(subdirectory)
                if batcher.is_full:
                    yield batcher.take(complete=False)
        except OSError as exc:
            trouble = exc
        below, same = split_collisions(below)
        for entry in same:
            batcher.put(entry)
            if batcher.is_full:
                yield batcher.take(complete=False)
        if trouble is None or batcher:
            yield batcher.take(complete=trouble is None)
        if trouble is not None and (branch.expected or not isinstance(trouble, FileNotFoundError)):
            yield evolve(branch.above, entries=(unreadable(branch.name, trouble),))
        return self._branches(
            branch, selected, below, DirectoryBatch(branch.directory, complete=trouble is None)
        )

    def _classify(
        self, entry: Entry | ScannedEntry, selected: Filter, chain: frozenset[Identity], batcher: Batcher
    ) -> Subdirectory | None:
        """Put an entry into the batcher; return it instead if it is a directory to walk."""
        try:
            if isinstance(entry, ScannedEntry):
                result: ScannedEntry | Subdirectory | None = entry
            else:
                result = retry_stale(partial(self.classifier.classify, entry, selected, chain, batcher.warn))
        except OSError as exc:
            if isinstance(exc, FileNotFoundError) and not self.expected:
                return None
            result = unreadable(entry.name, exc)
        if isinstance(result, Subdirectory):
            return result
        batcher.put(result)
        return None

    def _branches(
        self, parent: Branch, selected: Filter, below: Iterable[Subdirectory], above: DirectoryBatch
    ) -> Iterator[Branch]:
        for subdirectory in below:
            inside = selected.below(subdirectory.name)
            if inside is not None:  # always true: it was checked when the directory was listed
                path = os.path.join(parent.directory.path, subdirectory.name)
                directory = Directory(path, parent.directory.path, subdirectory.title)
                chain = (
                    parent.chain if subdirectory.identity is None else parent.chain | {subdirectory.identity}
                )
                yield Branch(directory, subdirectory.name, above, inside, chain, self.expected)


class Batcher:
    """Collector of the next batch of a directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._entries = dict[bytes, ScannedEntry]()  # some file systems list a name twice during its renaming
        self._excluded = 0
        self._warnings = list[str]()

    def put(self, entry: ScannedEntry | None) -> None:
        """Add an entry; `None` counts an excluded one."""
        if entry is None:
            self._excluded += 1
        else:
            self._entries[entry.name] = entry

    def warn(self, warning: str) -> None:
        """Add a warning."""
        self._warnings.append(warning)

    def __bool__(self) -> bool:
        """Return whether it holds or has counted an entry."""
        return bool(self._entries) or self._excluded > 0

    @property
    def is_full(self) -> bool:
        """True if a batch is due. Excluded entries count, so that a scan can be stopped during them."""
        return len(self._entries) + self._excluded >= SIZE

    def take(self, *, complete: bool) -> DirectoryBatch:
        """Return the collected entries as a batch, sorted by name, and clear them."""
        entries = tuple(self._entries[name] for name in sorted(self._entries))
        batch = DirectoryBatch(self._directory, entries, self._excluded, complete, self._take_warnings())
        self._entries, self._excluded, self._warnings = {}, 0, []
        return batch

    def _take_warnings(self) -> tuple[str, ...]:
        more = len(self._warnings) - _MAX_WARNINGS
        if more <= 0:
            return tuple(self._warnings)
        where = printable_path(self._directory.path)
        return (*self._warnings[:_MAX_WARNINGS], f"and {more} more such warnings about {where}")


def split_collisions(below: Iterable[Subdirectory]) -> tuple[list[Subdirectory], list[ScannedEntry]]:
    """Sort subdirectories by name, and separate those that would become the same remote folder."""
    ordered = sorted(below, key=lambda each: each.name)
    titles = Counter(each.title for each in ordered)
    if len(titles) == len(ordered):
        return ordered, []
    message = "nothing in this directory is uploaded: another one here gets the name {!r}, too; rename one"
    same = [
        fail_entry(each.name, Reason.COLLISION, message.format(each.title))
        for each in ordered
        if titles[each.title] > 1
    ]
    return [each for each in ordered if titles[each.title] == 1], same


def on_disk(path: bytes) -> Iterator[Entry]:
    """Yield the entries of a directory in the order of the file system."""
    with retry_stale(partial(os.scandir, path)) as entries:
        yield from entries
