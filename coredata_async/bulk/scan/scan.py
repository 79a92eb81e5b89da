"""Scan of the PATHs of a job: a lazy stream of batches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final

from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.classify import EntryClassifier, Subdirectory, identity
from coredata_async.bulk.scan.entries import Directory, DirectoryBatch, ScannedEntry
from coredata_async.bulk.scan.files_from import read_list
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.roots import PathLike, Root, roots
from coredata_async.bulk.scan.walk import Batcher, Batches, Branch, Walk, on_disk, split_collisions
from coredata_async.errors import ConfigurationError

_TOP: Final = Directory(b"", None)


def scan(paths: Iterable[PathLike], selection: Selection, policy: Policy) -> Batches:
    """Find the files to upload. Blocks, so iterate in a thread; `close` ends it early.

    PATHs are interpreted as `cp -r` interprets them: a directory becomes a folder of its name, unless it is
    written as `DIR/.`. The first batch belongs to `Directory(b"")`, which holds the PATHs. A directory comes
    before its subdirectories. A directory that proves unreadable becomes an entry of a further batch of the
    directory above. Memory use does not depend on the number of files; the subdirectories of one directory
    are held.

    Raises:
        ConfigurationError: If a PATH or a rule is invalid, at once; if a list of files is invalid, with the
            first batch.
    """
    given = roots(paths)
    selected = Filter.of(selection)
    classifier = EntryClassifier(selection, policy, [os.path.realpath(root.path) for root in given])
    if selection.files_from is None:
        return _batches(given, selected, Walk(classifier, on_disk))
    if len(given) > 1 or not given[0].is_dir:
        raise ConfigurationError(
            "files_from needs exactly one PATH: the directory that the list is relative to"
        )
    return _batches_of_list(selection.files_from, given[0], selected, classifier)


def _batches_of_list(
    source: str | os.PathLike[str], root: Root, selected: Filter, classifier: EntryClassifier
) -> Batches:
    with read_list(source, root.path, follow=classifier.policy.links == "follow") as listing:
        yield from _batches([root], selected, Walk(classifier, listing, expected=True))


def _batches(given: Sequence[Root], selected: Filter, walk: Walk) -> Batches:
    batcher, below = Batcher(_TOP), list[Subdirectory]()
    for root in given:
        entry = _classify(root, selected, walk.classifier)
        if isinstance(entry, Subdirectory):
            below.append(entry)
        else:
            batcher.put(entry)
        if batcher.is_full:
            yield batcher.take(complete=False)
    below, same = split_collisions(below)
    for entry in same:
        batcher.put(entry)
    yield batcher.take(complete=True)
    yield from walk.batches(
        _branch(subdirectory, selected, straight=given[0].contents) for subdirectory in below
    )


def _classify(
    root: Root, selected: Filter, classifier: EntryClassifier
) -> ScannedEntry | Subdirectory | None:
    if root.contents:
        return Subdirectory(root.path, "", identity(root.status))
    if root.is_dir:
        return classifier.subdirectory(root.path, root.name, identity(root.status))
    return classifier.file(root.path, root.name, root.status) if selected.takes(root.name) else None


def _branch(subdirectory: Subdirectory, selected: Filter, *, straight: bool) -> Branch:
    directory = Directory(subdirectory.name, None if straight else _TOP.path, subdirectory.title)
    chain = frozenset({subdirectory.identity} if subdirectory.identity else ())
    return Branch(directory, subdirectory.name, DirectoryBatch(_TOP), selected, chain, expected=True)
