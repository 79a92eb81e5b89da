"""Where the journal of a job is kept, and where it must not be."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from coredata_async.bulk.journal.errors import JournalError, fatal
from coredata_async.bulk.journal.identity import JobIdentity
from coredata_async.errors import ConfigurationError

_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = re.compile(
    r"(9p|afs|beegfs|ceph|cifs|coda|davfs|glusterfs|gpfs|lustre|ncpfs|nfs4?|orangefs|smb3|smbfs)"
    r"|fuse\.(ceph|gcsfuse|glusterfs|rclone|s3fs|sshfs)"
)


def default_path(binding: JobIdentity) -> Path:
    """Return where a job's journal is if nobody says; its directory is made, for this user only.

    Raises:
        ConfigurationError: There is no home to put it in.
        JournalError: The disk is full, or failed.
    """
    place = path_for(binding)
    try:
        make_private(place.parent)
    except OSError as exc:
        if fatal(exc):
            raise JournalError(place, exc) from None
        raise ConfigurationError(
            f"the directory for journals {place.parent} cannot be made ({exc.strerror}); say --job FILE"
        ) from None
    return place


def path_for(binding: JobIdentity) -> Path:
    """Return where a job's journal is if nobody says; nothing is made.

    Raises:
        ConfigurationError: There is no home to put it in.
    """
    digest = hashlib.sha256(json.dumps(binding.row(), sort_keys=True).encode("ascii")).hexdigest()
    return state_directory() / "coredata" / "jobs" / f"{digest[:16]}.sqlite"


def check_path(path: Path, roots: Iterable[bytes]) -> None:
    """Refuse a journal where it would not be safe.

    Raises:
        ConfigurationError: Its directory is not there, is one of those to be uploaded or within one, or is
            on a network file system; or it is a directory itself.
    """
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise ConfigurationError(
            f"the journal {path} is a directory; say --job with the name of a file in it"
        )
    if not path.parent.is_dir():
        raise ConfigurationError(f"there is no directory {path.parent} for the journal; make it first")
    uploaded = {mark for root in roots if (mark := _mark(Path(os.fsdecode(root)))) is not None}
    if any(_mark(place) in uploaded for place in (path, *path.parents)):
        raise ConfigurationError(
            f"the journal {path} is within what is to be uploaded; say --job with a file elsewhere"
        )
    kind = file_system(path.parent, _mounts())
    if kind and _NETWORK.fullmatch(kind):
        raise ConfigurationError(
            f"the journal {path} is on a network file system ({kind}), where locks and crashes are not safe; "
            "say --job with a file on a local disk"
        )


def file_system(folder: Path, mounts: str) -> str | None:
    """Say of what type the file system is that holds a directory, by the text of Linux's `mountinfo`."""
    found, longest = None, -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if not after or len(fields) < 5:  # noqa: PLR2004
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        if (
            folder.is_relative_to(point) and len(point.parts) >= longest
        ):  # of two in one place the later counts
            found, longest = after.split(" ", 1)[0], len(point.parts)
    return found


def state_directory() -> Path:
    """Return the directory in which this system keeps the state of a user's programs; it may not exist.

    Raises:
        ConfigurationError: If the user has no home directory.
    """
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return Path(local) if local else _home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return _home() / "Library" / "Application Support"
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    return given if given.is_absolute() else _home() / ".local" / "state"  # XDG: a relative one is ignored


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise ConfigurationError(
            "there is no home directory to keep the journal in; say --job FILE"
        ) from None


def make_private(folder: Path) -> None:
    """Make a directory, and those above it, for this user only."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _mark(path: Path) -> tuple[int, int] | None:
    """Return what tells one file or directory from all others, whatever its names."""
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    return seen.st_dev, seen.st_ino


def _mounts() -> str:
    try:
        return _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:  # not Linux
        return ""
