"""Files that only their owner can read: keys, states and journals."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret

_CREATE: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)


def create_private(path: str | os.PathLike[str]) -> None:
    """Create an empty file that only its owner can read, unless it exists. SQLite keeps its permissions."""
    with suppress(FileExistsError):
        os.close(os.open(path, _CREATE, 0o600))


def write_private(path: Path, content: bytes, *, temporary: Path | None = None) -> None:
    """Write a file completely or not at all, and replace an earlier one. Survives a crash when it returns.

    Only one process at a time may write a path. Blocks.

    Args:
        path: The file; its directory must exist.
        content: The new content.
        temporary: Path of the incomplete file, on the same file system. Defaults to a name beside the file.

    Raises:
        OSError: If the disk fails, or the directory does not exist.
    """
    new = temporary or path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)  # from a crash
    with os.fdopen(os.open(new, _CREATE, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read_token(path: str | os.PathLike[str], noun: str) -> str:
    """Return the token in a file. Do not keep it in a variable.

    Raises:
        ConfigurationError: If it cannot be read, is empty, or has more than one line.
    """
    # Wrapped, because crash reporters print the variables of the frame that raises.
    try:
        text = Secret(Path(path).read_text("utf-8").strip())
    except OSError as exc:
        failure = str(exc.strerror)
    except UnicodeDecodeError:
        failure = "it is not text in UTF-8"
    else:
        if text.reveal() and text.reveal().isprintable():
            return text.reveal()
        failure = "it is empty, or has more than a line"
    raise ConfigurationError(f"{noun} in {os.fspath(path)} cannot be read: {failure}")
