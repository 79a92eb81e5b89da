"""Identity of a job, and the location of its journal: the default path, and the places that are refused.

A job is the same PATHs, for the same parent, as the same user of the same server; or a shard of one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

from attrs import frozen

from coredata_async.bulk.journal.errors import JournalError, is_fatal
from coredata_async.errors import ConfigurationError


class Identity(Protocol):
    """Identity that a journal must have."""

    @property
    def shard(self) -> str:
        """Id of the shard; empty for a whole job."""
        ...

    def row(self) -> Mapping[str, str]:
        """Return the values that the journal's table `job` must have."""
        ...


@frozen
class JobIdentity:
    """Identity of the job that a journal belongs to. A journal is never used for another job."""

    tenant: str
    """Base URL of the server."""
    account: str
    """Name of the user; never a key."""
    parent: str
    """Id of the Project, Folder or Filespace."""
    roots: tuple[bytes, ...]
    """Absolute PATHs. Their order does not matter."""

    @property
    def shard(self) -> str:
        """Empty: the identity is that of a whole job."""
        return ""

    def row(self) -> dict[str, str]:
        """Return the values of the journal's table `job`."""
        return {
            "tenant": self.tenant,
            "account": self.account,
            "parent": self.parent,
            "roots": json.dumps(sorted({root.decode("utf-8", "surrogateescape") for root in self.roots})),
        }


@frozen
class ShardIdentity:
    """Identity of a shard, whose journal was restored from its planner's export or from a checkpoint."""

    tenant: str
    account: str
    shard: str

    def row(self) -> dict[str, str]:
        """Return the values that the journal's table `job` must have."""
        return {"tenant": self.tenant, "account": self.account}


_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = re.compile(
    r"(9p|afs|beegfs|ceph|cifs|coda|davfs|glusterfs|gpfs|lustre|ncpfs|nfs4?|orangefs|smb3|smbfs)"
    r"|fuse\.(ceph|gcsfuse|glusterfs|rclone|s3fs|sshfs)"
)


def default_path(binding: JobIdentity) -> Path:
    """Return the default path of a job's journal, and create its directory for this user only.

    Raises:
        ConfigurationError: If the home directory is unknown, or the directory cannot be created.
        JournalError: If the disk is full or failed.
    """
    path = path_for(binding)
    try:
        make_private(path.parent)
    except OSError as exc:
        if is_fatal(exc):
            raise JournalError(path, exc) from None
        raise ConfigurationError(
            f"the directory for journals {path.parent} cannot be created ({exc.strerror}); use --job FILE"
        ) from None
    return path


def path_for(binding: JobIdentity) -> Path:
    """Return the default path of a job's journal. Nothing is created.

    Raises:
        ConfigurationError: If the home directory is unknown.
    """
    digest = hashlib.sha256(json.dumps(binding.row(), sort_keys=True).encode("ascii")).hexdigest()
    return state_directory() / "coredata" / "jobs" / f"{digest[:16]}.sqlite"


def check_path(path: Path, roots: Iterable[bytes]) -> None:
    """Refuse an unsafe path for a journal.

    Raises:
        ConfigurationError: If its directory does not exist, is within the files to upload, or is on a network
            file system; or if the path is a directory.
    """
    path = Path(os.path.realpath(path))
    # `Path.is_dir` raises an error before Python 3.14 if a directory above may not be entered.
    if os.path.isdir(path):  # noqa: PTH112
        raise ConfigurationError(f"the journal {path} is a directory; pass --job the name of a file in it")
    if not os.path.isdir(path.parent):  # noqa: PTH112
        raise ConfigurationError(
            f"the directory {path.parent} for the journal does not exist or may not be entered; create it "
            "first"
        )
    uploaded = {file_id for root in roots if (file_id := _file_id(Path(os.fsdecode(root)))) is not None}
    if any(_file_id(ancestor) in uploaded for ancestor in (path, *path.parents)):
        raise ConfigurationError(
            f"the journal {path} is within the files to upload; use --job with a file elsewhere"
        )
    kind = file_system(path.parent, _mounts())
    if kind and _NETWORK.fullmatch(kind):
        raise ConfigurationError(
            f"the journal {path} is on a network file system ({kind}), where locks and crashes are not safe; "
            "use --job with a file on a local disk"
        )


def file_system(folder: Path, mounts: str) -> str | None:
    """Return the type of the file system of a directory, according to the text of Linux's `mountinfo`."""
    kind, longest = None, -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if not after or len(fields) < 5:  # noqa: PLR2004
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        if (
            folder.is_relative_to(point) and len(point.parts) >= longest
        ):  # the later of two mounts on one directory hides the earlier
            kind, longest = after.split(" ", 1)[0], len(point.parts)
    return kind


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
    return given if given.is_absolute() else _home() / ".local" / "state"  # XDG: a relative path is ignored


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise ConfigurationError(
            "the home directory, where the journal would be kept, is unknown; use --job FILE"
        ) from None


def make_private(folder: Path) -> None:
    """Create a directory, and its parents, for this user only."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _file_id(path: Path) -> tuple[int, int] | None:
    """Return the device and inode, which identify a file or directory under all its names."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _mounts() -> str:
    try:
        return _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:  # not Linux
        return ""


def check_kind(path: Path) -> None:
    """Refuse a directory, a pipe or a device, because opening one may block forever or have an effect.

    Raises:
        ConfigurationError: If the path exists and is not a file.
    """
    try:
        mode = path.stat().st_mode
    except OSError:  # it does not exist, or opening it reports the reason
        return
    if not stat.S_ISREG(mode):
        raise ConfigurationError(
            f"the journal {path} is a directory, a pipe or a device; use another --job file"
        )
