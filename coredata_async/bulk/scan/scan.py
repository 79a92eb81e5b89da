"""What is to be uploaded: the PATHs of a job, as a lazy stream of batches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final

from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.classify import EntryClassifier, Subdirectory, identity
from coredata_async.bulk.scan.files_from import read_list
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.found import Batcher, Directory, DirectoryBatch, ScannedEntry
from coredata_async.bulk.scan.roots import PathLike, Root, roots
from coredata_async.bulk.scan.walk import Batches, Branch, Walk, on_disk, split_collisions
from coredata_async.errors import ConfigurationError

_TOP: Final = Directory(b"", None)


def scan(paths: Iterable[PathLike], selection: Selection, policy: Policy) -> Batches:
    """Find what is to be uploaded. It blocks: iterate in a thread; `close` ends it early.

    The PATHs are taken as `cp -r` takes them: a directory becomes a folder of its own name, unless it
    is written `DIR/.`. The first batch is of `Directory(b"")`, which holds the PATHs; a directory comes
    before those in it. One that turns out to be unreadable becomes an entry of a further batch of the
    directory above. Memory is flat in the number of files; the subdirectories of one directory are held.

    Raises:
        ConfigurationError: A PATH or a rule is no good: at once. A list of files is: with the first batch.
    """
    found = roots(paths)
    wanted = Filter.of(selection)
    inspector = EntryClassifier(selection, policy, [os.path.realpath(root.path) for root in found])
    if selection.files_from is None:
        return _batches(found, wanted, Walk(inspector, on_disk))
    if len(found) > 1 or not found[0].is_dir:
        raise ConfigurationError("files_from needs one PATH only, the directory that the list is relative to")
    return _batches_of_list(selection.files_from, found[0], wanted, inspector)


def _batches_of_list(
    source: str | os.PathLike[str], root: Root, wanted: Filter, inspector: EntryClassifier
) -> Batches:
    with read_list(source, root.path, follow=inspector.policy.links == "follow") as listing:
        yield from _batches([root], wanted, Walk(inspector, listing, expected=True))


def _batches(found: Sequence[Root], wanted: Filter, walk: Walk) -> Batches:
    tray, below = Batcher(_TOP), list[Subdirectory]()
    for root in found:
        each = _sort_in(root, wanted, walk.inspector)
        if isinstance(each, Subdirectory):
            below.append(each)
        else:
            tray.put(each)
        if tray.is_full:
            yield tray.take(complete=False)
    below, same = split_collisions(below)
    for each in same:
        tray.put(each)
    yield tray.take(complete=True)
    yield from walk.batches(_branch(each, wanted, straight=found[0].contents) for each in below)


def _sort_in(root: Root, wanted: Filter, inspector: EntryClassifier) -> ScannedEntry | Subdirectory | None:
    if root.contents:
        return Subdirectory(root.path, "", identity(root.seen))
    if root.is_dir:
        return inspector.subdirectory(root.path, root.name, identity(root.seen))
    return inspector.file(root.path, root.name, root.seen) if wanted.takes(root.name) else None


def _branch(each: Subdirectory, wanted: Filter, *, straight: bool) -> Branch:
    directory = Directory(each.name, None if straight else _TOP.path, each.title)
    chain = frozenset({each.identity} if each.identity else ())
    return Branch(directory, each.name, DirectoryBatch(_TOP), wanted, chain, expected=True)
