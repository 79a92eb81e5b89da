"""Errors of a connection. They quote no foreign text, which may contain a signed URL."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Final


class Http11Error(Exception):
    """An HTTP/1.1 exchange failed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """Error text of the operating system, or ours."""


class UnreachableError(Http11Error):
    """The connection could not be opened: nothing was sent."""


class BrokenError(Http11Error):
    """The connection ended, or the received data is not a valid response."""


class CutShortError(Http11Error):
    """The response is incomplete."""


class TooLargeError(Http11Error):
    """The response exceeds the limit for bodies in memory."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit >> 20} MiB")


class SetupError(Http11Error):
    """TLS cannot be set up on this machine: nothing was sent."""


class HandshakeError(Http11Error):
    """The TLS handshake failed for another reason than the certificate: nothing was sent."""


class NoTLSError(HandshakeError):
    """The peer does not speak TLS, or no supported version of it."""


class LateError(Http11Error, TimeoutError):
    """An established connection was silent for too long."""


class LateConnectionError(Http11Error, TimeoutError):
    """The connection was not opened in time: nothing was sent."""


_NO_TLS: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE"}
    | {"TLSV1_ALERT_PROTOCOL_VERSION", "UNKNOWN_PROTOCOL", "BAD_PROTOCOL_VERSION_NUMBER"}
)


def handshake_failure(exc: ssl.SSLError) -> HandshakeError:
    """Return the error for a failed handshake, with OpenSSL's reason."""
    word = getattr(exc, "reason", None)
    word = word if isinstance(word, str) and word else type(exc).__name__
    return NoTLSError(word) if word in _NO_TLS else HandshakeError(word)


def reason(exc: BaseException | None) -> str:
    """Return the text of the operating system's error number. OpenSSL's numbers are different ones."""
    if exc is None:
        return "the server closed it"
    if isinstance(exc, socket.gaierror):  # its numbers are different ones, too
        return exc.strerror or type(exc).__name__
    number = exc.errno if isinstance(exc, OSError) and not isinstance(exc, ssl.SSLError) else None
    return os.strerror(number) if number is not None and number > 0 else type(exc).__name__
