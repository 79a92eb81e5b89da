"""The walk over directories: depth first, and with memory for the subdirectories of one per level."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial

from attrs import evolve, frozen

from coredata_async.bulk.scan.classify import (
    Entry,
    EntryClassifier,
    Identity,
    Subdirectory,
    fail_entry,
    unreadable,
)
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.found import Batcher, Directory, DirectoryBatch, ScannedEntry
from coredata_async.bulk.states import Reason
from coredata_async.storage.stale import retry_stale

Batches = Generator[DirectoryBatch, None, None]
Listing = Callable[[bytes], Iterable["Entry | ScannedEntry"]]
"""Gives the entries of a directory, or what became of them already; raises `OSError` if it cannot."""


@frozen
class Branch:
    """A directory to be walked."""

    directory: Directory
    name: bytes
    """As an entry of the directory above."""
    above: DirectoryBatch
    """A batch of the directory above, without entries, for bad news about this one."""
    wanted: Filter
    chain: frozenset[Identity] = frozenset()
    """This directory and those on the way to it, where links are followed."""
    expected: bool = False
    """Whether somebody named it, so that it is an error if it is not there."""


@frozen
class Walk:
    """How directories are walked."""

    inspector: EntryClassifier
    listing: Listing
    expected: bool = False
    """Whether somebody named what is listed, so that it is an error if it is not there."""

    def batches(self, branches: Iterator[Branch]) -> Batches:
        """Walk directories, and those in them."""
        stack = [branches]  # not recursion: trees may be deeper than Python's stack
        while stack:
            branch = next(stack[-1], None)
            if branch is None:
                stack.pop()
            else:
                stack.append((yield from self._directory(branch)))

    def _directory(self, branch: Branch) -> Generator[DirectoryBatch, None, Iterator[Branch]]:
        tray, below, wanted = Batcher(branch.directory), list[Subdirectory](), branch.wanted
        trouble: OSError | None = None
        try:
            wanted = wanted.inside(branch.directory.path, tray.warn)
            for entry in self.listing(branch.directory.path):
                found = self._look(entry, wanted, branch.chain, tray)
                if found is not None:
                    below.append(found)
                if tray.is_full:
                    yield tray.take(complete=False)
        except OSError as exc:
            trouble = exc
        below, same = split_collisions(below)
        for entry in same:
            tray.put(entry)
            if tray.is_full:
                yield tray.take(complete=False)
        if trouble is None or tray:
            yield tray.take(complete=trouble is None)
        if trouble is not None and (branch.expected or not isinstance(trouble, FileNotFoundError)):
            yield evolve(branch.above, entries=(unreadable(branch.name, trouble),))
        return self._branches(
            branch, wanted, below, DirectoryBatch(branch.directory, complete=trouble is None)
        )

    def _look(
        self, entry: Entry | ScannedEntry, wanted: Filter, chain: frozenset[Identity], tray: Batcher
    ) -> Subdirectory | None:
        """Put an entry in the tray, unless it is a directory to be walked or has vanished."""
        try:
            if isinstance(entry, ScannedEntry):
                found: ScannedEntry | Subdirectory | None = entry
            else:
                found = retry_stale(partial(self.inspector.classify, entry, wanted, chain, tray.warn))
        except OSError as exc:
            if isinstance(exc, FileNotFoundError) and not self.expected:
                return None
            found = unreadable(entry.name, exc)
        if isinstance(found, Subdirectory):
            return found
        tray.put(found)
        return None

    def _branches(
        self, parent: Branch, wanted: Filter, below: Iterable[Subdirectory], above: DirectoryBatch
    ) -> Iterator[Branch]:
        for each in below:
            inside = wanted.below(each.name)
            if inside is not None:  # always: it was asked when the directory was listed
                path = os.path.join(parent.directory.path, each.name)
                directory = Directory(path, parent.directory.path, each.title)
                chain = parent.chain if each.identity is None else parent.chain | {each.identity}
                yield Branch(directory, each.name, above, inside, chain, self.expected)


def split_collisions(below: Iterable[Subdirectory]) -> tuple[list[Subdirectory], list[ScannedEntry]]:
    """Sort subdirectories by name, and take out those that would become one remote folder."""
    ordered = sorted(below, key=lambda each: each.name)
    titles = Counter(each.title for each in ordered)
    if len(titles) == len(ordered):
        return ordered, []
    words = "of this directory nothing is uploaded: another here would be called {!r}, too; rename one"
    same = [
        fail_entry(each.name, Reason.COLLISION, words.format(each.title))
        for each in ordered
        if titles[each.title] > 1
    ]
    return [each for each in ordered if titles[each.title] == 1], same


def on_disk(path: bytes) -> Iterator[Entry]:
    """List a directory, entry by entry, as the file system gives them."""
    with retry_stale(partial(os.scandir, path)) as entries:
        yield from entries
