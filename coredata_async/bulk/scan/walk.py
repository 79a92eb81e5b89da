"""The walk over directories: depth first, and with memory for the subdirectories of one per level."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial

from attrs import evolve, frozen

from coredata_async.bulk.scan.entries import Entry, Identity, Inspector, Subdirectory, failed, unreadable
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.found import Batch, Directory, Found
from coredata_async.bulk.scan.tray import Tray
from coredata_async.bulk.states import Why
from coredata_async.storage.stale import retry_stale

Batches = Generator[Batch, None, None]
Listing = Callable[[bytes], Iterable["Entry | Found"]]
"""Gives the entries of a directory, or what became of them already; raises `OSError` if it cannot."""


@frozen
class Branch:
    """A directory to be walked."""

    directory: Directory
    name: bytes
    """As an entry of the directory above."""
    above: Batch
    """A batch of the directory above, without entries, for bad news about this one."""
    wanted: Filter
    chain: frozenset[Identity] = frozenset()
    """This directory and those on the way to it, where links are followed."""
    expected: bool = False
    """Whether somebody named it, so that it is an error if it is not there."""


@frozen
class Walk:
    """How directories are walked."""

    inspector: Inspector
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

    def _directory(self, branch: Branch) -> Generator[Batch, None, Iterator[Branch]]:
        tray, below, wanted = Tray(branch.directory), list[Subdirectory](), branch.wanted
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
        below, same = apart(below)
        for entry in same:
            tray.put(entry)
            if tray.is_full:
                yield tray.take(complete=False)
        if trouble is None or tray:
            yield tray.take(complete=trouble is None)
        if trouble is not None and (branch.expected or not isinstance(trouble, FileNotFoundError)):
            yield evolve(branch.above, entries=(unreadable(branch.name, trouble),))
        return self._branches(branch, wanted, below, Batch(branch.directory, complete=trouble is None))

    def _look(
        self, entry: Entry | Found, wanted: Filter, chain: frozenset[Identity], tray: Tray
    ) -> Subdirectory | None:
        """Put an entry in the tray, unless it is a directory to be walked or has vanished."""
        try:
            if isinstance(entry, Found):
                found: Found | Subdirectory | None = entry
            else:
                found = retry_stale(partial(self.inspector.look, entry, wanted, chain, tray.warn))
        except OSError as exc:
            if isinstance(exc, FileNotFoundError) and not self.expected:
                return None
            found = unreadable(entry.name, exc)
        if isinstance(found, Subdirectory):
            return found
        tray.put(found)
        return None

    def _branches(
        self, parent: Branch, wanted: Filter, below: Iterable[Subdirectory], above: Batch
    ) -> Iterator[Branch]:
        for each in below:
            inside = wanted.below(each.name)
            if inside is not None:  # always: it was asked when the directory was listed
                path = os.path.join(parent.directory.path, each.name)
                directory = Directory(path, parent.directory.path, each.title)
                chain = parent.chain if each.identity is None else parent.chain | {each.identity}
                yield Branch(directory, each.name, above, inside, chain, self.expected)


def apart(below: Iterable[Subdirectory]) -> tuple[list[Subdirectory], list[Found]]:
    """Sort subdirectories by name, and take out those that would become one remote folder."""
    ordered = sorted(below, key=lambda each: each.name)
    titles = Counter(each.title for each in ordered)
    if len(titles) == len(ordered):
        return ordered, []
    words = "of this directory nothing is uploaded: another here would be called {!r}, too; rename one"
    same = [
        failed(each.name, Why.COLLISION, words.format(each.title))
        for each in ordered
        if titles[each.title] > 1
    ]
    return [each for each in ordered if titles[each.title] == 1], same


def on_disk(path: bytes) -> Iterator[Entry]:
    """List a directory, entry by entry, as the file system gives them."""
    with retry_stale(partial(os.scandir, path)) as entries:
        yield from entries
