"""The PATHs of a job, as `cp -r` takes them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from functools import partial

from attrs import frozen

from coredata_async.bulk.formatting import escape_unprintable, path_text
from coredata_async.errors import ConfigurationError
from coredata_async.storage.stale import retry_stale

PathLike = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@frozen
class Root:
    """One PATH."""

    path: bytes
    """Absolute; links are not resolved in it."""
    seen: os.stat_result
    """Of what it leads to."""
    contents: bool = False
    """Whether it was written as `DIR/.`: what is in it goes straight into the parent."""

    @property
    def name(self) -> bytes:
        """The last part of its path."""
        return os.path.basename(self.path)

    @property
    def as_given(self) -> bytes:
        """Its path, with `/.` if it was written so: `DIR` and `DIR/.` go to different places."""
        return os.path.join(self.path, b".") if self.contents else self.path  # bytes

    @property
    def is_dir(self) -> bool:
        """Return whether it is a directory, or a link to one."""
        return stat.S_ISDIR(self.seen.st_mode)


def roots(paths: Iterable[PathLike]) -> Sequence[Root]:
    """Look at the PATHs of a job.

    Raises:
        ConfigurationError: One is not there, two would be one, or `DIR/.` is not the only one.
    """
    found = [_root(path) for path in paths]
    if not found:
        raise ConfigurationError("say which files or directories to upload")
    if len(found) > 1:
        for root in found:
            if root.contents:
                raise ConfigurationError(
                    f"{_text(root.path)}/. must be the only PATH: it stands for the parent"
                )
        _distinct(found)
    return found


def _root(given: PathLike) -> Root:
    try:
        path = os.fsencode(given)
        absolute = os.path.abspath(path)  # not `realpath`: the user may have named a link
        if absolute.startswith(b"//"):  # which POSIX leaves to the system, and means / on all that we know
            absolute = absolute[1:]
        seen = retry_stale(partial(os.stat, absolute))
    except (OSError, ValueError) as exc:  # ValueError: a NUL in it, or what is no path in this locale
        reason = (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
        raise ConfigurationError(f"{given!a} cannot be uploaded: {reason}") from None
    if not path:
        raise ConfigurationError("a PATH is empty; for the current directory write .")
    last = os.path.basename(path.rstrip(b"/"))
    contents = stat.S_ISDIR(seen.st_mode) and (last == b"." or not os.path.basename(absolute))
    return Root(absolute, seen, contents)


def _distinct(found: Sequence[Root]) -> None:
    names = dict[bytes, Root]()
    paths = {root.path for root in found}
    for root in found:
        other = names.setdefault(root.name, root)
        if other is not root:
            raise ConfigurationError(
                f"{_text(other.path)} and {_text(root.path)} have the same name; upload them in two jobs"
            )
        below, above = root.path, os.path.dirname(root.path)
        while above != below:
            if above in paths:
                raise ConfigurationError(f"{_text(root.path)} is in {_text(above)}, which is a PATH, too")
            below, above = above, os.path.dirname(above)


def _text(path: bytes) -> str:
    return escape_unprintable(path_text(path))
