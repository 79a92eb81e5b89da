"""One HTTP exchange over aiohttp: the innermost `Send`. It follows no redirect and repeats no request."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from coredata_async.config import Timeouts
from coredata_async.errors import APIConnectionError
from coredata_async.message import Held, Reply, Request, Send
from coredata_async.secret import Secret
from coredata_async.transport import errors
from coredata_async.transport.aiohttp.payload import BodyPayload, Whole
from coredata_async.transport.aiohttp.single_attempt import SECOND_CREDENTIAL, single_attempt
from coredata_async.transport.errors import (
    CUT_SHORT,
    DISTRUSTED,
    UNREACHABLE,
    UNSENDABLE,
    ErrorText,
    below,
    without_frames,
)
from coredata_async.transport.http11 import body_writer
from coredata_async.transport.http11.decompress import (
    Unpacking,
    decompress,
    decompressor,
    is_refusal,
    limit_of,
)
from coredata_async.transport.http11.errors import (
    BrokenError,
    HandshakeError,
    Http11Error,
    LateConnectionError,
    TooLargeError,
    handshake_failure,
)
from coredata_async.transport.http11.exchange import Side
from coredata_async.transport.http11.parser import HEAD_LIMIT, MAX_HEADERS, is_body_readable
from coredata_async.transport.pool import Pool

_AT_ONCE: Final = 64 * 1024
"""Bodies up to this many bytes fit asyncio's write buffer and cannot stall."""
_NOT_ADDED: Final = frozenset({"Content-Type", "User-Agent"})
"""Headers that aiohttp would add by itself. A Content-Type that was not signed breaks the signature."""
_CHANGING: Final = frozenset({"POST", "PATCH"})
"""Methods whose requests must not arrive after they were given up."""
_GAP: Final = re.compile(r"[\x00-\x20\x7f]")
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


def exchange(
    pool: Pool, side: Side, timeouts: Timeouts, *, headers: Mapping[str, str], base_url: str = ""
) -> Send:
    """Return the `Send` of one side.

    Args:
        pool: The pool whose connections it uses.
        side: The service, or the storage.
        timeouts: For connecting, for the response, and for blocks of bodies.
        headers: For every request; the headers of a request take precedence.
        base_url: Prefix for a target that is a path.
    """
    waits = {patience: _waits(timeouts, patience) for patience in (1.0, 2.5)}
    common = Secret(headers)

    async def send(request: Request) -> Reply:
        # Raises here for an unusable proxy: nothing was sent.
        proxied = pool.proxies.of_url(_url(request, base_url)) is not None
        body = _body(request, side, timeouts.stall)
        answered = False
        try:
            reply = await exchange_once(request, body)
            answered = True
        except BaseException as exc:  # noqa: BLE001  # it is raised below
            failure = _translate_failure(exc, request, body, proxied=proxied)
        else:
            return reply
        finally:
            if body is not None and not answered:
                body.abort()
            if isinstance(body, BodyPayload):
                await body.wait_written()
        # Not in the `except` block: the exception there, and its frames, hold the headers and the URL.
        raise failure

    async def exchange_once(request: Request, body: Whole | BodyPayload | None) -> Reply:
        url = _url(request, base_url)
        session = pool.session(side)
        packed = side == "api" and not session.auto_decompress
        target = _as_written(url)
        all_headers = _merge_headers(common.reveal(), request.headers, packed=packed)
        request.dispatch.possible = True  # aiohttp does not report when the first byte leaves
        response = await session.request(
            request.method,
            target,
            data=request.body if body is None else body,
            headers=all_headers,
            skip_auto_headers=_NOT_ADDED,
            allow_redirects=False,
            raise_for_status=False,
            timeout=waits.get(request.patience) or _waits(timeouts, request.patience),
            proxy=pool.proxies.of_url(url),
            ssl=pool.ssl,
            max_line_size=HEAD_LIMIT,
            max_field_size=HEAD_LIMIT,
            max_headers=MAX_HEADERS,
            middlewares=single_attempt(pool.user_session(side), side),
        )
        _check_transfer_coding(response)
        coding = response.headers.get("Content-Encoding") if packed else None
        if request.stream and response.status < 300:  # noqa: PLR2004  # the body of an error is read at once
            content = _ResponseBody(request, response, timeouts.stall, decompressor(coding))
            return Reply(response.status, response.headers, content=content, redactor=request.redactor)
        try:
            found = await _read(response)
            if coding:
                found = await decompress(found, coding, response.status)
            return Reply(response.status, response.headers, found, redactor=request.redactor)
        finally:
            response.release()

    return send


def _url(request: Request, base_url: str) -> str:
    return request.target if request.is_absolute else base_url + request.target


def _as_written(url: str) -> URL:
    """Return the URL unchanged. Without `encoded`, yarl rewrites %2F, which invalidates the signature."""
    if _GAP.search(url):
        raise ValueError("a URL must not contain a space or a line break")  # yarl would drop them silently
    return URL(url, encoded=True)


def _merge_headers(common: Mapping[str, str], own: Mapping[str, str], *, packed: bool) -> CIMultiDict[str]:
    joined = CIMultiDict(common)
    joined.update(own)
    if packed:  # aiohttp would list all encodings that it can decompress
        joined.setdefault("Accept-Encoding", "gzip, deflate")
    return joined


def _check_transfer_coding(response: aiohttp.ClientResponse) -> None:
    """Refuse a body in a transfer coding that aiohttp leaves as it is."""
    if not is_body_readable(response.headers.getall("Transfer-Encoding", ())):
        response.close()
        raise BrokenError("the transfer coding is unknown")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read a whole body; for a redirect or an error, the beginning.

    Raises:
        TooLargeError: If the body of a success exceeds the limit.
    """
    content = response.content
    if type(content) is not aiohttp.StreamReader:  # of a library that fakes responses
        return await response.read()
    limit, blocks, size = limit_of(response.status), list[bytes](), 0
    while block := await content.readany():
        blocks.append(block)
        size += len(block)
        if size > limit:
            response.close()
            if not is_refusal(response.status):
                raise TooLargeError(limit)
            break
    return b"".join(blocks)


def _translate_failure(
    exc: BaseException, request: Request, body: Whole | BodyPayload | None, *, proxied: bool
) -> BaseException:
    """Return our error for an exception of aiohttp, and an exception of the source unchanged."""
    if not isinstance(exc, AIOHTTP_ERRORS):  # mostly a cancellation
        return without_frames(exc)
    if isinstance(body, BodyPayload) and body.failure is not None:
        request.dispatch.possible = False  # its last block is missing: a server cannot carry that out
        return below(body.failure, body_writer.__file__)
    if isinstance(body, BodyPayload) and body.stalled:
        return translate(TimeoutError(), request, stalled=True)
    return translate(exc, request, proxied=proxied)


def _body(request: Request, side: Side, stall: float | None) -> Whole | BodyPayload | None:
    """Return the body in the form passed to aiohttp; None if that is `Request.body` itself."""
    body = request.body
    if body is None and side == "api" and request.method in _CHANGING:
        body = b""
    if body is None or (isinstance(body, bytes) and len(body) <= _AT_ONCE):
        return Whole(body) if body is not None and side == "api" else None
    return BodyPayload(Held(body) if isinstance(body, bytes) else body, stall, discard_unsent=side == "api")


def _waits(timeouts: Timeouts, patience: float) -> aiohttp.ClientTimeout:
    response = timeouts.response and timeouts.response * patience
    # Not `sock_connect`, which excludes name resolution.
    return aiohttp.ClientTimeout(connect=timeouts.connect, sock_read=response)


class _ResponseBody:
    """The body of a reply, read while it arrives; `stall` limits the wait for each block."""

    def __init__(
        self,
        request: Request,
        response: aiohttp.ClientResponse,
        stall: float | None,
        unpacking: Unpacking | None,
    ) -> None:
        self._request = request
        self._unpacking = unpacking
        self._response = response
        self._stall = stall
        if response.connection is not None and (protocol := response.connection.protocol) is not None:
            protocol.read_timeout = None
            protocol.start_timeout()  # stops the timer for the start of the response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while block := await self._next():
                for piece in (block,) if self._unpacking is None else self._unpacking.feed(block):
                    yield piece
            if self._unpacking is not None:
                self._unpacking.end()
        except AIOHTTP_ERRORS as exc:
            failure = translate(exc, self._request, stalled=True)
        else:
            return
        raise failure  # see `exchange`

    async def _next(self) -> bytes:
        async with asyncio.timeout(self._stall):
            return await self._response.content.readany()

    async def aclose(self) -> None:
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


def translate(
    exc: Exception, request: Request, *, stalled: bool = False, proxied: bool = False
) -> APIConnectionError:
    """Return our error for one of aiohttp's; see `errors.translate`."""
    if isinstance(exc, aiohttp.ConnectionTimeoutError):
        return errors.translate(LateConnectionError(""), request)
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        return errors.translate(exc, request, error_text=_proxy_refusal(exc.status))
    if isinstance(exc, aiohttp.ClientConnectorSSLError):
        return errors.translate(_handshake_failure(exc), request)
    if type(exc) is ValueError and "AUTHORIZATION" in str(exc):
        return errors.translate(exc, request, error_text=SECOND_CREDENTIAL)
    error_text = next((known for kinds, known in _KINDS if isinstance(exc, kinds)), None)
    if proxied and error_text is UNREACHABLE:
        error_text = _PROXY
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
