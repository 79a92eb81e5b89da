"""Atomic writes: a file appears under its name complete, or not at all."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import secrets
import stat
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import Final

from aiofiles.threadpool import wrap
from attrs import define, frozen

from coredata_async.errors import TransferError
from coredata_async.storage.bodies import md5_of_file

_NAME_LENGTH: Final = 50
"""Maximum number of characters of the name that a temporary name repeats, because names are limited in
length.
"""
_OPEN: Final = (
    os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_CREATE: Final = _OPEN | os.O_CREAT | os.O_EXCL
_ATTEMPTS: Final = 100
_LOCK_AT: Final = 1 << 40
"""Offset of the byte that is locked on Windows. A lock blocks readers there, so it is far behind the content.
"""


@frozen
class Target:
    """A path to save to, as it was before the first byte was received."""

    path: Path
    replace: bool
    """True if an existing file of that name may be replaced."""
    mode: int | None = None
    """Permissions of the file that is replaced; None if the file does not exist."""

    @classmethod
    def examine(cls, path: str | os.PathLike[str], *, overwrite: bool | None = None) -> Target:
        """Examine a path, and reject one that cannot be saved to.

        A symbolic link is replaced, not followed.

        Args:
            path: Path of the file.
            overwrite: True if a file of that name may be replaced. None allows this for a file that exists
                now, and not for one that appears later.

        Raises:
            TransferError: If it is a directory, a device or a pipe, or exists and must not be replaced.
        """
        target = Path(path)
        if os.fspath(path).endswith(tuple(each for each in (os.sep, os.altsep) if each)):
            raise _refusal(target, "is written as a directory; give the path of a file, or use save_into()")
        _check_kind(target)
        try:
            status = target.lstat()
        except FileNotFoundError:
            return cls(target, replace=bool(overwrite))
        if overwrite is False:
            raise exists_error(target)
        mode = None if stat.S_ISLNK(status.st_mode) else stat.S_IMODE(status.st_mode) & 0o777
        return cls(target, replace=True, mode=mode)


@define
class Part:
    """A temporary file beside a target: open, locked, and renamed to the target when it is complete."""

    path: Path
    file: io.BufferedRandom
    published: bool = False

    async def write(self, blocks: AsyncGenerator[bytes, None]) -> None:
        """Append blocks and flush them to the disk, in threads. A crash after the rename loses nothing."""
        file = wrap(self.file)
        async with aclosing(blocks):
            async for block in blocks:
                await file.write(block)
        await file.flush()
        await asyncio.to_thread(os.fsync, self.file.fileno())

    def publish(self, target: Target) -> None:
        """Rename the file to the target. This takes microseconds and cannot be interrupted by a cancellation.

        Raises:
            FileExistsError: If a file of that name exists and must not be replaced.
            TransferError: If the target has become a directory, a device or a pipe.
        """
        _check_kind(target.path)
        if target.mode is not None and hasattr(os, "fchmod"):
            os.fchmod(self.file.fileno(), target.mode)
        if os.name == "nt":
            self.file.close()  # Windows cannot rename an open file
        if target.replace:
            self.path.replace(target.path)
        else:
            _rename_to_new(self.path, target.path)
        self.published = True

    @property
    def size(self) -> int:
        """Size of the temporary file, in bytes."""
        return os.fstat(self.file.fileno()).st_size


@contextmanager
def new_part(target: Target) -> Generator[Part]:
    """Create a temporary file under a random name, and remove it unless it is published.

    Raises:
        OSError: If it cannot be created, for instance because the directory does not exist.
    """
    part = Part(path := _part_path(target.path, secrets.token_hex(4)), _open(path, _CREATE, target))
    try:
        yield part
    finally:
        _close(part, keep=False)


@contextmanager
def open_kept_part(target: Target, key: str, *, spoiled_by: tuple[type[Exception], ...]) -> Generator[Part]:
    """Open the temporary file of an earlier attempt, or create one, and keep it if this attempt fails.

    Its name follows from the target and the key, so another user may have put something there. Only a regular
    file of this user with a single name is used. Anything else is removed.

    Args:
        target: The path to publish the file as.
        key: Distinguishes contents that must not be mixed.
        spoiled_by: Errors after which the file is useless and is removed.

    Raises:
        TransferError: If another task or process is writing it.
        OSError: If it cannot be opened or created.
    """
    part = Part(path := _part_path(target.path, key), _open_kept(path, target))
    keep = False
    try:
        yield part
    except spoiled_by:
        raise
    except BaseException:
        keep = part.size > 0
        raise
    finally:
        _close(part, keep=keep)


def holds(path: Path, md5: str, size: int | None) -> bool:
    """Check that a file has this content. Blocks: run it in a thread."""
    try:
        status = path.lstat()
        return stat.S_ISREG(status.st_mode) and size in {None, status.st_size} and md5_of_file(path) == md5
    except OSError:
        return False


def exists_error(path: Path) -> TransferError:
    """Return the error for a file that must not be replaced."""
    return TransferError(
        f"{path} exists and was not overwritten; to replace it, pass overwrite=True (on the command line, "
        "--force)",
        stage="get",
    )


def _close(part: Part, *, keep: bool) -> None:
    """Close a part. It is removed while it is still locked, and a cancellation cannot interrupt this."""
    if os.name == "nt":
        part.file.close()  # Windows cannot remove an open file
    if not (keep or part.published):
        part.path.unlink(missing_ok=True)
    part.file.close()


def _open_kept(path: Path, target: Target) -> io.BufferedRandom:
    for _ in range(_ATTEMPTS):
        try:
            file = _open(path, _CREATE, target)
        except FileExistsError:
            opened = _open_own(path)
            if opened is None:
                with suppress(FileNotFoundError):
                    path.unlink()
                continue
            file = opened
        if not _lock(file):
            file.close()
            raise TransferError(
                f"{target.path} is being saved by another task or process, which writes {path.name}; "
                "wait for it, or save to another path",
                stage="get",
            )
        if _is_at(file, path):
            return file
        file.close()  # the owner of the lock has published or removed it meanwhile
    raise TransferError(f"{path} keeps changing and cannot be locked; save to another path", stage="get")


def _open_own(path: Path) -> io.BufferedRandom | None:
    """Open a regular file of this user that has no other name; return None for anything else."""
    try:
        number = os.open(path, _OPEN | getattr(os, "O_NONBLOCK", 0))  # the latter in case it is a pipe
    except OSError as exc:
        if exc.errno in {errno.ELOOP, errno.EMLINK, errno.ENOENT, errno.ENXIO, errno.EACCES}:
            return None
        raise
    status = os.fstat(number)
    own = os.name == "nt" or status.st_uid == os.geteuid()
    if not (stat.S_ISREG(status.st_mode) and own and status.st_nlink == 1):
        os.close(number)
        return None
    return os.fdopen(number, "r+b")


def _open(path: Path, flags: int, target: Target) -> io.BufferedRandom:
    # What replaces a private file is private from the beginning. The mode of a new file follows the umask.
    return os.fdopen(os.open(path, flags, 0o666 if target.mode is None else 0o600), "r+b")


def _is_at(file: io.BufferedRandom, path: Path) -> bool:
    try:
        at_path = path.lstat()
    except FileNotFoundError:
        return False
    opened = os.fstat(file.fileno())
    return (opened.st_dev, opened.st_ino) == (at_path.st_dev, at_path.st_ino)


def _lock(file: io.BufferedRandom) -> bool:
    """Lock a file against other tasks and processes. A file system without locks counts as locked."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  # exists on Windows only

            file.seek(_LOCK_AT)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  # exists everywhere else

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        return exc.errno not in {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
    return True


def _rename_to_new(path: Path, target: Path) -> None:
    if os.name == "nt":
        path.rename(target)  # does not replace an existing file on Windows
        return
    try:
        os.link(path, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        path.replace(target)
    else:
        path.unlink()


def _check_kind(path: Path) -> None:
    try:
        mode = path.stat().st_mode  # follows links: /dev/stdout is one
    except OSError:  # does not exist, or is a dangling link
        return
    if stat.S_ISDIR(mode):
        raise _refusal(path, "is a directory; give the path of a file, or use save_into()")
    if not stat.S_ISREG(mode):
        raise _refusal(path, "is a device, a pipe or a socket; iterate over the download and write to it")


def _refusal(path: Path, reason: str) -> TransferError:
    return TransferError(f"cannot save to {path}: it {reason}", stage="get")


def _part_path(target: Path, token: str) -> Path:
    return target.with_name(f".{target.name[:_NAME_LENGTH]}.{token}.part")
