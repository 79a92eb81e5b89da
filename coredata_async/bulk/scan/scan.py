"""Scan of the PATHs of a job, or of a list of files in one of them: a lazy stream of batches."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from coredata_async.bulk.formatting import printable_path
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.classify import EntryClassifier, Subdirectory, identity
from coredata_async.bulk.scan.entries import Directory, DirectoryBatch, Root, ScannedEntry
from coredata_async.bulk.scan.file_list import read_list
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.walk import Batcher, Batches, Branch, Walk, on_disk, split_collisions
from coredata_async.bulk.states import JobInputError
from coredata_async.errors import ConfigurationError
from coredata_async.storage.paths import retry_stale

PathLike = str | bytes | os.PathLike[str] | os.PathLike[bytes]

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


def roots(paths: Iterable[PathLike]) -> Sequence[Root]:
    """Examine the PATHs of a job.

    Raises:
        JobInputError: If one does not exist.
        ConfigurationError: If one cannot be used for another reason, two have the same name, one lies in
            another, or `DIR/.` is not the only one.
    """
    result = [_root(path) for path in paths]
    if not result:
        raise ConfigurationError("no PATH was given; name the files or directories to upload")
    if len(result) > 1:
        for root in result:
            if root.contents:
                raise ConfigurationError(
                    f"{printable_path(root.path)}/. stands for the parent, so it must be the only PATH"
                )
        _check_distinct(result)
    return result


def _root(given: PathLike) -> Root:
    try:
        path = os.fsencode(given)
        absolute = os.path.abspath(path)  # not `realpath`: the user may have named a link
        if absolute.startswith(b"//"):  # POSIX leaves its meaning to the system; known systems treat it as /
            absolute = absolute[1:]
        status = retry_stale(partial(os.stat, absolute))
    except (OSError, ValueError) as exc:  # ValueError: it contains a NUL, or cannot be encoded in this locale
        reason = (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
        missing = isinstance(exc, FileNotFoundError | NotADirectoryError)
        kind = JobInputError if missing else ConfigurationError
        raise kind(f"{_quote(given)} cannot be uploaded: {reason}") from None
    if not path:
        raise ConfigurationError("a PATH is empty; use . for the current directory")
    last = os.path.basename(path.rstrip(b"/"))
    contents = stat.S_ISDIR(status.st_mode) and (last == b"." or not os.path.basename(absolute))
    return Root(absolute, status, contents)


def _quote(given: PathLike) -> str:
    """Return a PATH for a message, also one that cannot be encoded in this locale."""
    try:
        return f"'{printable_path(os.fsencode(given))}'"
    except UnicodeEncodeError:
        return ascii(os.fspath(given))


def _check_distinct(given: Sequence[Root]) -> None:
    names = dict[bytes, Root]()
    paths = {root.path for root in given}
    for root in given:
        other = names.setdefault(root.name, root)
        if other is not root:
            raise ConfigurationError(
                f"{printable_path(other.path)} and {printable_path(root.path)} have the same name; "
                "upload them in two jobs"
            )
        below, above = root.path, os.path.dirname(root.path)
        while above != below:
            if above in paths:
                raise ConfigurationError(
                    f"{printable_path(root.path)} is in {printable_path(above)}, which is also a PATH; "
                    "remove one"
                )
            below, above = above, os.path.dirname(above)


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
