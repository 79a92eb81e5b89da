"""What can go wrong with a connection, without anybody else's words, which may hold a signed URL."""

from __future__ import annotations

import os
import ssl
from typing import Final


class Http11Error(Exception):
    """Something went wrong on the wire."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """The system's words, or ours."""


class UnreachableError(Http11Error):
    """No connection came about: nothing was sent."""


class BrokenError(Http11Error):
    """The connection ended, or what came on it is no answer."""


class CutShortError(Http11Error):
    """The answer began, and did not end."""


class TooLargeError(Http11Error):
    """The answer is longer than what is held in memory."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit >> 20} MiB")


class HandshakeError(Http11Error):
    """TLS came to no agreement, for another reason than the certificate: nothing was sent."""


class NoTLSError(HandshakeError):
    """The other end speaks no TLS, or no version of it that is known here."""


class LateError(Http11Error, TimeoutError):
    """Something took too long once there was a connection."""


class LateConnectionError(Http11Error, TimeoutError):
    """No connection came about in time: nothing was sent."""


_NO_TLS: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE"}
    | {"TLSV1_ALERT_PROTOCOL_VERSION", "UNKNOWN_PROTOCOL", "BAD_PROTOCOL_VERSION_NUMBER"}
)


def handshake_failure(exc: ssl.SSLError) -> HandshakeError:
    """Make the error for a handshake that failed, with OpenSSL's own word for it."""
    word = getattr(exc, "reason", None)
    word = word if isinstance(word, str) and word else type(exc).__name__
    return NoTLSError(word) if word in _NO_TLS else HandshakeError(word)


def reason(exc: BaseException | None) -> str:
    """The system's words for its own numbers; those of OpenSSL's are others."""
    if exc is None:
        return "the server closed it"
    number = exc.errno if isinstance(exc, OSError) and not isinstance(exc, ssl.SSLError) else None
    return os.strerror(number) if number is not None and number > 0 else type(exc).__name__
