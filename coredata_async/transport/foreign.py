"""What aiohttp raises, in our words."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from typing import Final

import aiohttp

from coredata_async.errors import APIConnectionError
from coredata_async.message import Request
from coredata_async.transport import trouble
from coredata_async.transport.lean.faults import (
    HandshakeError,
    LateConnectionError,
    LineError,
    handshake_failure,
)
from coredata_async.transport.trouble import CUT_SHORT, DISTRUSTED, UNREACHABLE, UNSENDABLE, Telling

FOREIGN: Final = (aiohttp.ClientError, LineError, TimeoutError, OSError, ValueError)
"""All that can come out of an aiohttp exchange; a `LineError` is our own, about a body."""

_PROXY: Final = Telling(
    "cannot connect to the proxy ({reason}); check proxy=, or HTTPS_PROXY and NO_PROXY", reached=False
)
_ASKED: Final = frozenset({403, 405, 407})
"""Answers of a proxy to CONNECT that will be the same next time."""
_KINDS: Final = (  # the most specific first
    ((aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError), DISTRUSTED),
    ((aiohttp.ClientProxyConnectionError,), _PROXY),
    ((aiohttp.ClientConnectorError,), UNREACHABLE),
    ((aiohttp.InvalidURL,), UNSENDABLE),
    ((aiohttp.ClientPayloadError,), CUT_SHORT),
)


def translated(exc: Exception, request: Request, *, stalled: bool = False) -> APIConnectionError:
    """Our error for one of aiohttp's; see `trouble.translated`."""
    if isinstance(exc, aiohttp.ConnectionTimeoutError):
        return trouble.translated(LateConnectionError(""), request)
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        return trouble.translated(exc, request, telling=_refused_by_proxy(exc.status))
    if isinstance(exc, aiohttp.ClientConnectorSSLError):
        return trouble.translated(_handshake_failure(exc), request)
    telling = next((telling for kinds, telling in _KINDS if isinstance(exc, kinds)), None)
    return trouble.translated(exc, request, stalled=stalled, telling=telling)


def _handshake_failure(exc: aiohttp.ClientConnectorSSLError) -> HandshakeError:
    cause: object = getattr(exc, "os_error", exc)
    return (
        handshake_failure(cause) if isinstance(cause, ssl.SSLError) else HandshakeError(type(cause).__name__)
    )


def _refused_by_proxy(status: int) -> Telling:
    unknown = status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    advice = "user name and password in its URL" if unknown else "proxy=, or HTTPS_PROXY and NO_PROXY"
    text = f"the proxy refused to connect ({status}); check {advice}"
    return Telling(text, reached=False, permanent=status in _ASKED)
