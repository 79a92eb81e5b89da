"""What an exchange raises, told in our own words: no cause is kept, for its text may hold a signed URL."""

from __future__ import annotations

import os
import ssl
from typing import Final

from attrs import frozen

from coredata_async.errors import APIConnectionError, APITimeoutError, Phase
from coredata_async.message import Request
from coredata_async.transport.http11.errors import (
    CutShortError,
    HandshakeError,
    Http11Error,
    LateConnectionError,
    NoTLSError,
    TooLargeError,
    UnreachableError,
)


@frozen
class ErrorText:
    """How one kind of trouble is told."""

    text: str
    reached: bool = True
    """Whether the server may have got the request."""
    permanent: bool = False


DISTRUSTED: Final = ErrorText(
    "the server's certificate is not trusted or does not match its name; "
    "set ssl= or COREDATA_CA_BUNDLE to the right authority",
    reached=False,
    permanent=True,
)
NO_TLS: Final = ErrorText(
    "the server does not speak TLS as expected ({reason}); check scheme and port of the URL",
    reached=False,
    permanent=True,
)
HANDSHAKE: Final = ErrorText("the TLS handshake failed ({reason})", reached=False)
UNREACHABLE: Final = ErrorText("cannot connect ({reason}); check base_url, DNS and network", reached=False)
UNSENDABLE: Final = ErrorText("the URL or a header cannot be sent as it is", reached=False, permanent=True)
CUT_SHORT: Final = ErrorText("the answer was cut short")
TOO_LARGE: Final = ErrorText(
    "the answer is too large ({reason}); ask for fewer objects at once", permanent=True
)
_BROKEN: Final = ErrorText("the connection broke ({reason})")
_KINDS: Final = (
    (ssl.SSLCertVerificationError, DISTRUSTED),
    (NoTLSError, NO_TLS),
    (HandshakeError, HANDSHAKE),
    (TooLargeError, TOO_LARGE),
    (UnreachableError, UNREACHABLE),
    (ValueError, UNSENDABLE),
    (CutShortError, CUT_SHORT),
)


def translate(
    exc: Exception, request: Request, *, stalled: bool = False, telling: ErrorText | None = None
) -> APIConnectionError:
    """Our error for what an exchange met.

    Args:
        exc: What was raised.
        request: What was being done.
        stalled: Whether a body was in flight, so that a timeout is a stall.
        telling: How it is told, unless its class says so.
    """
    where = f"{request.method} {request.path}"
    if isinstance(exc, TimeoutError):
        return _late(exc, request, where, stalled=stalled)
    told = telling or next((telling for kind, telling in _KINDS if isinstance(exc, kind)), _BROKEN)
    text = told.text.format(reason=_reason(exc))
    return APIConnectionError(f"{where}: {text}", request, reached=told.reached, permanent=told.permanent)


def _late(exc: TimeoutError, request: Request, where: str, *, stalled: bool) -> APITimeoutError:
    phase: Phase = "response"
    text = "no answer within Timeouts.response"
    if isinstance(exc, LateConnectionError):
        phase, text = "connect", "no connection within Timeouts.connect; check host, network and proxy"
    elif stalled:
        phase, text = "stall", "the transfer stood still for longer than Timeouts.stall"
    return APITimeoutError(f"{where}: {text}", request, phase=phase, reached=phase != "connect")


def _reason(exc: Exception) -> str:
    """The system's words, which hold no URL."""
    if isinstance(exc, Http11Error):
        return exc.reason
    if isinstance(exc, ssl.SSLError):  # its number is OpenSSL's
        return type(exc).__name__
    number = getattr(getattr(exc, "os_error", exc), "errno", None)
    return os.strerror(number) if isinstance(number, int) and number > 0 else type(exc).__name__
