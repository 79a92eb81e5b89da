"""PATHs of a job, interpreted as `cp -r` interprets them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from functools import partial

from attrs import frozen

from coredata_async.bulk.formatting import escape_unprintable, path_text
from coredata_async.errors import ConfigurationError
from coredata_async.storage.paths import retry_stale

PathLike = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@frozen
class Root:
    """PATH of a job."""

    path: bytes
    """Absolute path; its links are not resolved."""
    status: os.stat_result
    """Status of the target if it is a link."""
    contents: bool = False
    """True if it was written as `DIR/.`: its content goes directly into the parent."""

    @property
    def name(self) -> bytes:
        """Last part of the path."""
        return os.path.basename(self.path)

    @property
    def as_given(self) -> bytes:
        """Path, with `/.` if it was written so: `DIR` and `DIR/.` go to different folders."""
        return os.path.join(self.path, b".") if self.contents else self.path  # bytes

    @property
    def is_dir(self) -> bool:
        """True for a directory, or a link to one."""
        return stat.S_ISDIR(self.status.st_mode)


def roots(paths: Iterable[PathLike]) -> Sequence[Root]:
    """Examine the PATHs of a job.

    Raises:
        ConfigurationError: If one does not exist, two have the same name, one lies in another, or `DIR/.` is
            not the only one.
    """
    result = [_root(path) for path in paths]
    if not result:
        raise ConfigurationError("no PATH was given; name the files or directories to upload")
    if len(result) > 1:
        for root in result:
            if root.contents:
                raise ConfigurationError(
                    f"{_text(root.path)}/. stands for the parent, so it must be the only PATH"
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
        raise ConfigurationError(f"{given!a} cannot be uploaded: {reason}") from None
    if not path:
        raise ConfigurationError("a PATH is empty; use . for the current directory")
    last = os.path.basename(path.rstrip(b"/"))
    contents = stat.S_ISDIR(status.st_mode) and (last == b"." or not os.path.basename(absolute))
    return Root(absolute, status, contents)


def _check_distinct(given: Sequence[Root]) -> None:
    names = dict[bytes, Root]()
    paths = {root.path for root in given}
    for root in given:
        other = names.setdefault(root.name, root)
        if other is not root:
            raise ConfigurationError(
                f"{_text(other.path)} and {_text(root.path)} have the same name; upload them in two jobs"
            )
        below, above = root.path, os.path.dirname(root.path)
        while above != below:
            if above in paths:
                raise ConfigurationError(
                    f"{_text(root.path)} is in {_text(above)}, which is also a PATH; remove one"
                )
            below, above = above, os.path.dirname(above)


def _text(path: bytes) -> str:
    return escape_unprintable(path_text(path))
