"""Translation of exchange errors. The cause is dropped, because its text may contain a signed URL."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Final, TypeVar

from attrs import frozen

from coredata_async.errors import APIConnectionError, APITimeoutError, Phase
from coredata_async.message import Request
from coredata_async.transport.http11.errors import (
    CutShortError,
    HandshakeError,
    Http11Error,
    LateConnectionError,
    NoTLSError,
    SetupError,
    TooLargeError,
    UnreachableError,
)
from coredata_async.transport.http11.errors import reason as http11_reason


@frozen
class ErrorText:
    """Message text and properties of one kind of connection error."""

    text: str
    reached: bool = True
    """True if the server may have received the request."""
    permanent: bool = False


DISTRUSTED: Final = ErrorText(
    "the server's certificate is not trusted or does not match its name; "
    "set ssl= or COREDATA_CA_BUNDLE to the right certificate authority",
    reached=False,
    permanent=True,
)
NO_TLS: Final = ErrorText(
    "the server does not speak TLS as expected ({reason}); check scheme and port of the URL",
    reached=False,
    permanent=True,
)
SETUP: Final = ErrorText(
    "TLS cannot be set up ({reason}); check the environment variables SSLKEYLOGFILE and SSL_CERT_FILE",
    reached=False,
    permanent=True,
)
HANDSHAKE: Final = ErrorText("the TLS handshake failed ({reason})", reached=False)
UNREACHABLE: Final = ErrorText("cannot connect ({reason}); check base_url, DNS and network", reached=False)
UNSENDABLE: Final = ErrorText(
    "the URL or a header contains characters that cannot be sent", reached=False, permanent=True
)
CUT_SHORT: Final = ErrorText("the answer was cut short")
TOO_LARGE: Final = ErrorText(
    "the answer is too large ({reason}); ask for fewer objects at once", permanent=True
)
_BROKEN: Final = ErrorText("the connection broke ({reason})")
_KINDS: Final = (
    (ssl.SSLCertVerificationError, DISTRUSTED),
    (NoTLSError, NO_TLS),
    (HandshakeError, HANDSHAKE),
    (SetupError, SETUP),
    (TooLargeError, TOO_LARGE),
    (UnreachableError, UNREACHABLE),
    (ValueError, UNSENDABLE),
    (CutShortError, CUT_SHORT),
)


def translate(
    exc: Exception, request: Request, *, stalled: bool = False, error_text: ErrorText | None = None
) -> APIConnectionError:
    """Return the `APIConnectionError` for an exception of an exchange.

    Args:
        exc: The exception that was raised.
        request: The request that failed.
        stalled: True if a body was being transferred, so that a timeout is a stall.
        error_text: The text to use instead of that of the exception's class.
    """
    where = f"{request.method} {request.path}"
    if isinstance(exc, TimeoutError):
        return _late(exc, request, where, stalled=stalled)
    matches = (known for kind, known in _KINDS if isinstance(exc, kind))
    error_text = error_text or next(matches, _BROKEN)
    text = error_text.text.format(reason=_reason(exc))
    return APIConnectionError(
        f"{where}: {text}", request, reached=error_text.reached, permanent=error_text.permanent
    )


def _late(exc: TimeoutError, request: Request, where: str, *, stalled: bool) -> APITimeoutError:
    phase: Phase = "response"
    text = "no answer within Timeouts.response"
    if isinstance(exc, LateConnectionError):
        phase, text = "connect", "no connection within Timeouts.connect; check host, network and proxy"
    elif stalled:
        phase, text = "stall", "the transfer stood still for longer than Timeouts.stall"
    return APITimeoutError(f"{where}: {text}", request, phase=phase, reached=phase != "connect")


def _reason(exc: Exception) -> str:
    """Return the system's error text, which contains no URL."""
    if isinstance(exc, Http11Error):
        return exc.reason
    if isinstance(exc, ssl.SSLError):  # its number is OpenSSL's
        return type(exc).__name__
    cause = getattr(exc, "os_error", exc)
    if isinstance(cause, socket.gaierror):
        return http11_reason(cause)
    number = getattr(cause, "errno", None)
    return os.strerror(number) if isinstance(number, int) and number > 0 else type(exc).__name__


E = TypeVar("E", bound=BaseException)


def without_frames(exc: E) -> E:
    """Remove the traceback of an exception, and the exceptions that it was raised from."""
    exc.__cause__ = exc.__context__ = None
    return exc.with_traceback(None)


def below(exc: E, module: str) -> E:
    """Remove all frames down to the innermost one of a module, so that those of its callee remain.

    Args:
        exc: The exception that the callee raised.
        module: The `__file__` of the module.
    """
    kept = trace = exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == module:
            kept = trace.tb_next
        trace = trace.tb_next
    return exc.with_traceback(kept)
