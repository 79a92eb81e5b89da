"""Standard streams that a command can rely on, regardless of the state in which it received them."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn, TextIO, cast

_STANDARD: Final = (0, 1, 2)
_FLUSH: Final = 1.0
"""Timeout for the rest of the output of a process that was interrupted, in seconds."""
_SIZES: Final = ("COLUMNS", "LINES")
_SIZE: Final = re.compile(r"[1-9][0-9]{0,4}")
"""Number of columns or lines that a terminal can have."""


class _Lossy(io.TextIOWrapper):
    """Text stream that drops what it cannot write: a message that cannot be shown must not end the work."""

    def write(self, text: str, /) -> int:
        """Write, and report success in any case."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with suppress(OSError):
            super().flush()


def prepare() -> None:
    """Make the standard streams usable; for a process that belongs to the command.

    A closed stream becomes the null device. Its number must not be free either, because the next file or
    socket would get it, and then receive the messages for people. Characters that the locale's encoding
    lacks become escapes. Text that stderr cannot write is lost. An impossible size of the terminal counts as
    not given: rich would fail, or draw a bar of a billion columns.
    """
    for number in _STANDARD:
        _occupy(number)
    for name in _SIZES:
        if not _SIZE.fullmatch(os.environ.get(name, "80")):
            del os.environ[name]
    sys.stdin = sys.stdin or _null("r")
    output: TextIO = sys.stdout or _null("w")
    messages: TextIO = sys.stderr or _null("w")
    if output is sys.__stdout__ and getattr(output, "write_through", False):
        output = _add_buffer(output)
    reconfigure = getattr(output, "reconfigure", None)  # the method of `io.TextIOWrapper`
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    sys.stdout = output
    sys.stderr = _lossy(messages) if messages is sys.__stderr__ else messages


def discard_output() -> bool:
    """Redirect the rest of stdout to the null device if stdout cannot be written.

    Otherwise the interpreter tries again when it ends, and reports an error.

    Returns:
        True if the output was discarded.
    """
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # the stream may have no number
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)
        return True
    return False


def exit_without_waiting(code: int) -> NoReturn:
    """End the process although a thread may be blocked, for instance by a pipe that nothing comes from.

    The interpreter would wait for the thread, or abort because the thread holds the lock of a stream. What is
    left in stdout is written, if that takes no longer than a second.
    """
    flushing = threading.Thread(target=discard_output, daemon=True)
    flushing.start()
    flushing.join(_FLUSH)
    os._exit(code)


def _occupy(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != number:
            os.dup2(null, number)
            os.close(null)


def _null(mode: str) -> TextIO:
    return cast("TextIO", Path(os.devnull).open(mode, encoding="utf-8"))


def _add_buffer(stream: TextIO) -> TextIO:
    """Return a stream with a buffer, because `discard_output` finds text there that could not be written.

    With PYTHONUNBUFFERED, as in many containers, Python's own stream has none.
    """
    binary = open(stream.fileno(), "wb", closefd=False)  # noqa: SIM115  # as long as the process
    return io.TextIOWrapper(binary, stream.encoding, stream.errors, line_buffering=True)


def _lossy(stream: TextIO) -> TextIO:
    binary = open(stream.fileno(), "wb", closefd=False)  # noqa: SIM115  # as long as the process
    return _Lossy(binary, stream.encoding, errors="backslashreplace", line_buffering=True)
