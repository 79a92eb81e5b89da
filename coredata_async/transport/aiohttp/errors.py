"""Translation of aiohttp's exceptions."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from typing import Final

import aiohttp

from coredata_async.errors import APIConnectionError
from coredata_async.message import Request
from coredata_async.transport import errors
from coredata_async.transport.errors import CUT_SHORT, DISTRUSTED, UNREACHABLE, UNSENDABLE, ErrorText
from coredata_async.transport.http11.errors import (
    HandshakeError,
    Http11Error,
    LateConnectionError,
    handshake_failure,
)

AIOHTTP_ERRORS: Final = (aiohttp.ClientError, Http11Error, TimeoutError, OSError, ValueError)
"""All exceptions of an aiohttp exchange; `Http11Error` is our own, about a body."""

_PROXY: Final = ErrorText(
    "cannot connect to the proxy ({reason}); check proxy=, or HTTPS_PROXY and NO_PROXY", reached=False
)
_PERMANENT: Final = frozenset({403, 405, 407})
"""Responses of a proxy to CONNECT that do not change on a retry."""
_KINDS: Final = (  # the most specific first
    ((aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError), DISTRUSTED),
    ((aiohttp.ClientProxyConnectionError,), _PROXY),
    ((aiohttp.ClientConnectorError,), UNREACHABLE),
    ((aiohttp.InvalidURL,), UNSENDABLE),
    ((aiohttp.ClientPayloadError,), CUT_SHORT),
)


def translate(exc: Exception, request: Request, *, stalled: bool = False) -> APIConnectionError:
    """Return our error for one of aiohttp's; see `errors.translate`."""
    if isinstance(exc, aiohttp.ConnectionTimeoutError):
        return errors.translate(LateConnectionError(""), request)
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        return errors.translate(exc, request, error_text=_proxy_refusal(exc.status))
    if isinstance(exc, aiohttp.ClientConnectorSSLError):
        return errors.translate(_handshake_failure(exc), request)
    error_text = next((known for kinds, known in _KINDS if isinstance(exc, kinds)), None)
    return errors.translate(exc, request, stalled=stalled, error_text=error_text)


def _handshake_failure(exc: aiohttp.ClientConnectorSSLError) -> HandshakeError:
    cause: object = getattr(exc, "os_error", exc)
    return (
        handshake_failure(cause) if isinstance(cause, ssl.SSLError) else HandshakeError(type(cause).__name__)
    )


def _proxy_refusal(status: int) -> ErrorText:
    unknown = status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    advice = "user name and password in its URL" if unknown else "proxy=, or HTTPS_PROXY and NO_PROXY"
    text = f"the proxy refused to connect ({status}); check {advice}"
    return ErrorText(text, reached=False, permanent=status in _PERMANENT)
