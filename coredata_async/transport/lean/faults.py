"""What can go wrong with a connection, without anybody else's words, which may hold a signed URL."""

from __future__ import annotations

import os
import ssl


class LineError(Exception):
    """Something went wrong on the wire."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """The system's words, or ours."""


class UnreachableError(LineError):
    """No connection came about: nothing was sent."""


class BrokenError(LineError):
    """The connection ended, or what came on it is no answer."""


class CutShortError(LineError):
    """The answer began, and did not end."""


class LateError(LineError, TimeoutError):
    """Something took too long once there was a connection."""


class LateConnectionError(LineError, TimeoutError):
    """No connection came about in time: nothing was sent."""


def reason(exc: BaseException | None) -> str:
    """The system's words for its own numbers; those of OpenSSL's are others."""
    if exc is None:
        return "the server closed it"
    number = exc.errno if isinstance(exc, OSError) and not isinstance(exc, ssl.SSLError) else None
    return os.strerror(number) if number is not None and number > 0 else type(exc).__name__
