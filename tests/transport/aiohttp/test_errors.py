"""Translation of aiohttp's exceptions, from literals."""

import pickle
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from coredata_async.errors import APIConnectionError, APITimeoutError
from coredata_async.message import Request
from coredata_async.transport.aiohttp.errors import AIOHTTP_ERRORS, translate
from coredata_async.transport.http11.errors import (
    BrokenError,
    CutShortError,
    HandshakeError,
    Http11Error,
    LateConnectionError,
    LateError,
    TooLargeError,
    UnreachableError,
)

URL_ = "https://t.example/laika/b?Signature=SECRET"
REQUEST = Request("PUT", URL_)
KEY = ConnectionKey("t.example", 443, True, True, None, None, None)
REFUSED = OSError(111, "Connect call failed SECRET")


def alert(word: str) -> ssl.SSLError:
    exc = ssl.SSLError(1, "SECRET")
    exc.reason = word
    return exc


def connector(kind: type[aiohttp.ClientConnectorError], exc: OSError) -> Exception:
    return kind(KEY, exc)


@pytest.mark.parametrize(
    ("exc", "words", "reached", "permanent"),
    [
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("SECRET")),
            "certificate is not trusted",
            False,
            True,
        ),
        (
            aiohttp.ClientHttpProxyError(None, (), status=407, message="SECRET"),  # type: ignore[arg-type]
            "the proxy refused to connect (407)",
            False,
            True,
        ),
        (
            connector(aiohttp.ClientConnectorError, REFUSED),
            "cannot connect (Connection refused)",
            False,
            False,
        ),
        (connector(aiohttp.ClientProxyConnectionError, REFUSED), "cannot connect to the proxy", False, False),
        (connector(aiohttp.ClientConnectorDNSError, OSError(None, "SECRET")), "cannot connect", False, False),
        (aiohttp.InvalidURL(URL_), "contains characters that cannot be sent", False, True),
        (ValueError("Newline in SECRET"), "contains characters that cannot be sent", False, True),
        (aiohttp.ClientPayloadError("SECRET"), "the answer was cut short", True, False),
        (
            aiohttp.ServerDisconnectedError("SECRET"),
            "connection broke (ServerDisconnectedError)",
            True,
            False,
        ),
        (aiohttp.ClientOSError(104, "SECRET"), "connection broke (Connection reset by peer)", True, False),
        (aiohttp.ClientConnectionError(URL_), "connection broke (ClientConnectionError)", True, False),
        (
            aiohttp.ClientResponseError(
                aiohttp.RequestInfo(URL(URL_), "PUT", None, URL(URL_)),  # type: ignore[arg-type]
                (),
                message=URL_,
            ),
            "connection broke (ClientResponseError)",
            True,
            False,
        ),
        (OSError(32, "SECRET"), "connection broke (Broken pipe)", True, False),
        (UnreachableError("Connection refused"), "cannot connect (Connection refused)", False, False),
        (CutShortError(""), "the answer was cut short", True, False),
        (
            BrokenError("the response is not valid HTTP"),
            "connection broke (the response is not valid HTTP)",
            True,
            False,
        ),
        (ssl.SSLCertVerificationError(1, "SECRET"), "certificate is not trusted", False, True),
        (ssl.SSLError(1, "SECRET"), "connection broke (SSLError)", True, False),
        (
            aiohttp.ClientConnectorSSLError(KEY, alert("TLSV1_ALERT_INTERNAL_ERROR")),
            "the TLS handshake failed (TLSV1_ALERT_INTERNAL_ERROR)",
            False,
            False,
        ),
        (
            aiohttp.ClientConnectorSSLError(KEY, alert("WRONG_VERSION_NUMBER")),
            "does not speak TLS as expected (WRONG_VERSION_NUMBER)",
            False,
            True,
        ),
        (HandshakeError("SSLEOFError"), "the TLS handshake failed (SSLEOFError)", False, False),
        (TooLargeError(64 << 20), "too large (more than 64 MiB)", True, True),
    ],
)
def test_trouble_is_reported_without_its_words(
    exc: Exception, words: str, reached: bool, permanent: bool
) -> None:
    assert isinstance(exc, (*AIOHTTP_ERRORS, Http11Error))
    error = translate(exc, REQUEST)

    assert type(error) is APIConnectionError
    assert str(error).startswith("PUT https://t.example/laika/b: ")
    assert words in str(error)
    assert (error.reached, error.permanent) == (reached, permanent)
    assert b"SECRET" not in pickle.dumps(error)


@pytest.mark.parametrize(
    ("exc", "stalled", "phase", "reached"),
    [
        (aiohttp.ConnectionTimeoutError(URL_), False, "connect", False),
        (aiohttp.ConnectionTimeoutError(URL_), True, "connect", False),
        (aiohttp.SocketTimeoutError("SECRET"), False, "response", True),
        (aiohttp.SocketTimeoutError("SECRET"), True, "stall", True),
        (TimeoutError(), False, "response", True),
        (LateConnectionError("SECRET"), True, "connect", False),
        (LateError("SECRET"), False, "response", True),
        (LateError("SECRET"), True, "stall", True),
        (TimeoutError("SECRET"), True, "stall", True),
    ],
)
def test_a_timeout_is_reported_by_its_phase(
    exc: TimeoutError, stalled: bool, phase: str, reached: bool
) -> None:
    error = translate(exc, REQUEST, stalled=stalled)

    assert type(error) is APITimeoutError
    assert isinstance(error, TimeoutError)
    assert (error.phase, error.reached, error.permanent) == (phase, reached, False)
    assert f"Timeouts.{phase}" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.phase, "SECRET" in repr(again)) == (str(error), phase, False)
