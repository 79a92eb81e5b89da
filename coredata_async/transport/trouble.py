"""What an exchange raises, told in our own words: no cause is kept, for its text may hold a signed URL."""

from __future__ import annotations

import os
import ssl
from typing import Final

import aiohttp
from attrs import frozen

from coredata_async.errors import APIConnectionError, APITimeoutError, Phase
from coredata_async.message import Request
from coredata_async.transport.lean.faults import (
    CutShortError,
    LateConnectionError,
    LineError,
    UnreachableError,
)

Foreign: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""All that can come out of an aiohttp exchange."""


@frozen
class Telling:
    """How one kind of trouble is told."""

    kinds: tuple[type[Exception], ...]
    text: str
    reached: bool = True
    """Whether the server may have got the request."""
    permanent: bool = False


_TELLINGS: Final = (  # the most specific first
    Telling(
        (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError, ssl.SSLError),
        "the server's certificate is not trusted or does not match its name; "
        "set ssl= or COREDATA_CA_BUNDLE to the right authority",
        reached=False,
        permanent=True,
    ),
    Telling(
        (aiohttp.ClientHttpProxyError,), "the proxy refused; check proxy= and its credentials", reached=False
    ),
    Telling(
        (aiohttp.ClientConnectorError, UnreachableError),
        "cannot connect ({reason}); check base_url, DNS and network",
        reached=False,
    ),
    Telling(
        (aiohttp.InvalidURL, ValueError),
        "the URL or a header cannot be sent as it is",
        reached=False,
        permanent=True,
    ),
    Telling((aiohttp.ClientPayloadError, CutShortError), "the answer was cut short"),
    Telling((Exception,), "the connection broke ({reason})"),
)


def translated(exc: Exception, request: Request, *, stalled: bool = False) -> APIConnectionError:
    """Our error for one of aiohttp's, or for a fault of a lean exchange.

    Args:
        exc: What was raised.
        request: What was being done.
        stalled: Whether a body was under way, so that a timeout is a stall.
    """
    where = f"{request.method} {request.path}"
    if isinstance(exc, TimeoutError):
        return _late(exc, request, where, stalled=stalled)
    told = next(each for each in _TELLINGS if isinstance(exc, each.kinds))
    text = told.text.format(reason=_reason(exc))
    return APIConnectionError(f"{where}: {text}", request, reached=told.reached, permanent=told.permanent)


def _late(exc: TimeoutError, request: Request, where: str, *, stalled: bool) -> APITimeoutError:
    phase: Phase = "response"
    text = "no answer within Timeouts.response"
    if isinstance(exc, aiohttp.ConnectionTimeoutError | LateConnectionError):
        phase, text = "connect", "no connection within Timeouts.connect; check host, network and proxy"
    elif stalled:
        phase, text = "stall", "the transfer stood still for longer than Timeouts.stall"
    return APITimeoutError(f"{where}: {text}", request, phase=phase, reached=phase != "connect")


def _reason(exc: Exception) -> str:
    """The system's words, which hold no URL."""
    if isinstance(exc, LineError):
        return exc.reason
    number = getattr(getattr(exc, "os_error", exc), "errno", None)
    return os.strerror(number) if isinstance(number, int) and number > 0 else type(exc).__name__
