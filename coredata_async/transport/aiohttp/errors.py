"""What aiohttp raises, in our words."""

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
"""All that can come out of an aiohttp exchange; a `Http11Error` is our own, about a body."""

_PROXY: Final = ErrorText(
    "cannot connect to the proxy ({reason}); check proxy=, or HTTPS_PROXY and NO_PROXY", reached=False
)
_PERMANENT: Final = frozenset({403, 405, 407})
"""Answers of a proxy to CONNECT that will be the same next time."""
_KINDS: Final = (  # the most specific first
    ((aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError), DISTRUSTED),
    ((aiohttp.ClientProxyConnectionError,), _PROXY),
    ((aiohttp.ClientConnectorError,), UNREACHABLE),
    ((aiohttp.InvalidURL,), UNSENDABLE),
    ((aiohttp.ClientPayloadError,), CUT_SHORT),
)


def translate(exc: Exception, request: Request, *, stalled: bool = False) -> APIConnectionError:
    """Our error for one of aiohttp's; see `trouble.translate`."""
    if isinstance(exc, aiohttp.ConnectionTimeoutError):
        return errors.translate(LateConnectionError(""), request)
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        return errors.translate(exc, request, telling=_proxy_refusal(exc.status))
    if isinstance(exc, aiohttp.ClientConnectorSSLError):
        return errors.translate(_handshake_failure(exc), request)
    telling = next((telling for kinds, telling in _KINDS if isinstance(exc, kinds)), None)
    return errors.translate(exc, request, stalled=stalled, telling=telling)


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
