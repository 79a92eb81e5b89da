"""One exchange over a real socket, on both transports: the bytes sent, and the errors."""

import asyncio
import gzip
import os
import pickle
import socket
import ssl
import threading
import traceback
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from pathlib import Path

import aiohttp
import psutil
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.errors import APIConnectionError, APITimeoutError, CoreDataError, SourceChangedError
from coredata_async.message import Reply, Request, Send
from coredata_async.storage.bodies import Streamed, WrappedBody
from coredata_async.storage.paths import stat_file, stream
from coredata_async.transport.aiohttp.exchange import AIOHTTP_ERRORS, translate
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
from coredata_async.transport.pool import Pool
from coredata_async.transport.retry import Budget, retry
from tests.storage.leaks import cancelled_after, nothing_left
from tests.transport.conftest import BRISK, CONTENT, WAYS, Exchange
from tests.transport.raw import (
    Line,
    Play,
    RawServer,
    answers,
    closes_after_the_head,
    closes_after_the_request,
    drops_the_next,
    never_answers,
    resets_after_the_head,
    resets_after_the_request,
    resets_at_once,
    says,
    stops_reading,
)

pytestmark = pytest.mark.slow

SECRET = "c2VjcmV0c2lnbmF0dXJl"
SIGNED = f"/laika/b?AWSAccessKeyId=k&Signature={SECRET}%3D&Expires=1"
BLOCK = b"x" * (1 << 20)


def signed(server: RawServer, **changes: object) -> Request:
    return Request("PUT", server.url + SIGNED, **changes)  # type: ignore[arg-type]


def body_of(*blocks: bytes, size: int | None = None, **changes: object) -> Streamed:
    async def give() -> AsyncGenerator[bytes, None]:
        for block in blocks:
            yield block

    return Streamed(sum(map(len, blocks)) if size is None else size, give, name="x", **changes)


def endless() -> Streamed:
    """Larger than all buffers between client and server."""
    return body_of(*[BLOCK] * 64)


def shown(exc: BaseException) -> str:
    """Return all text of an error that may be seen."""
    texts = [str(exc), repr(exc), repr(exc.args), repr(vars(exc)), *traceback.format_exception(exc)]
    return "\n".join(texts) + repr(pickle.dumps(exc))


async def failure(
    send: Send, request: Request, kind: type[CoreDataError] = APIConnectionError
) -> CoreDataError:
    with pytest.raises(kind) as caught:
        await send(request)
    assert SECRET not in shown(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), vars(again)) == (
        type(caught.value),
        str(caught.value),
        vars(caught.value),
    )
    return caught.value


# Requests


@pytest.mark.parametrize(
    "target",
    [
        "/laika/b?AWSAccessKeyId=k&Signature=a%2Fb%3A%3D%27%2A%2B&Expires=1",
        "/laika/b?Signature=a%2fb%3a%3d%27%2a&x=%7e%41",
        "/dir%20a/b%2Bc%26d%3De%3Bf%2Cg~h%27%281%29%C3%A9%23%3F%2541.pdf?Signature=x%2By",
        "/a/../b/./c//d?x=1&&y&z=",
        "/a?b=c;d=e&f=g+h",
        "/?",
    ],
)
async def test_a_signed_url_goes_out_byte_for_byte(
    exchange: Exchange, server: RawServer, send: Send, target: str
) -> None:
    await send(Request("PUT", server.url + target, body=b"x"))
    await send(Request("GET", server.url + target))

    # aiohttp leaves out a question mark that nothing follows.
    written = target if exchange is WAYS["lean"] else target.removesuffix("?")
    assert [seen.line for seen in server.seen] == [f"PUT {written} HTTP/1.1", f"GET {written} HTTP/1.1"]


BODIES: dict[str, Callable[[], bytes | Streamed | WrappedBody]] = {
    "none at all": lambda: b"",
    "bytes": lambda: b"abc",
    "many bytes": lambda: BLOCK,
    "a stream": lambda: body_of(b"ab", b"c"),
    "an empty stream": body_of,
    "a long stream": lambda: body_of(*[BLOCK] * 5),
    "a form": lambda: WrappedBody(b"<", body_of(b"ab", b"c"), b">"),
}


@pytest.mark.parametrize("content_type", [None, "", "application/pdf", "text/plain; charset=utf-8"])
@pytest.mark.parametrize("made", BODIES.values(), ids=BODIES.keys())
async def test_a_put_says_its_length_and_only_the_type_it_was_given(
    server: RawServer, send: Send, made: Callable[[], bytes | Streamed], content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    body = made()
    await send(signed(server, headers=headers, body=body))

    seen = server.seen[0]
    size = len(body) if isinstance(body, bytes) else body.size
    assert (seen.whole, len(seen.body)) == (True, size)
    assert seen.header("Content-Length") == str(size)
    assert seen.header("Transfer-Encoding") is None
    assert seen.header("Content-Type") == content_type


async def test_nothing_else_goes_to_the_storage(server: RawServer, send: Send) -> None:
    await send(signed(server, headers={"Slug": "report.pdf"}, body=b"abc"))

    names = {name.lower() for name, _ in server.seen[0].headers}
    assert names == {"host", "slug", "content-length", "accept", "accept-encoding"}
    assert server.seen[0].header("Host") == f"127.0.0.1:{server.port}"


async def test_a_put_without_a_body_says_so(server: RawServer, send: Send) -> None:
    for method in ("PUT", "POST"):
        await send(Request(method, server.url + "/"))

    assert [seen.header("Content-Length") for seen in server.seen] == ["0", "0"]


async def test_a_header_of_the_request_beats_that_of_the_side(
    exchange: Exchange, server: RawServer, pool: Pool
) -> None:
    send = exchange(pool, "api", BRISK, headers={"X-A": "1", "User-Agent": "ours"}, base_url=server.url)

    await send(Request("GET", "/api/", {"x-a": "2", "user-agent": "theirs"}))

    assert (server.seen[0].header("X-A"), server.seen[0].header("User-Agent")) == ("2", "theirs")


async def test_a_path_goes_to_the_service(exchange: Exchange, server: RawServer, pool: Pool) -> None:
    send = exchange(pool, "api", BRISK, headers={}, base_url=server.url)

    reply = await send(Request("GET", "/api/v2/files/?a=%2F"))

    assert (reply.status, server.seen[0].target) == (200, "/api/v2/files/?a=%2F")


async def test_a_cookie_is_never_sent_back(exchange: Exchange, server: RawServer, pool: Pool) -> None:
    server.script.append(answers(Set_Cookie="sid=1; Path=/"))
    send = exchange(pool, "api", BRISK, headers={}, base_url=server.url)

    for _ in range(2):
        await send(Request("GET", "/api/"))

    assert [seen.header("Cookie") for seen in server.seen] == [None, None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_nothing_else(server: RawServer, send: Send, status: int) -> None:
    server.script.append(answers(status, Location=f"{server.url}/elsewhere"))

    reply = await send(Request("POST", server.url + "/api", body=b"{}"))

    assert (reply.status, reply.headers["location"]) == (status, f"{server.url}/elsewhere")
    assert len(server.seen) == 1


@pytest.mark.parametrize("odd", ["/a\r\nX: y", "/a\nb", "/a b", "/\0"])
async def test_no_target_makes_a_second_line(server: RawServer, send: Send, odd: str) -> None:
    with pytest.raises(APIConnectionError) as caught:
        await send(Request("GET", server.url + odd))

    assert (caught.value.permanent, caught.value.reached, server.seen) == (True, False, [])


async def test_no_header_makes_a_second_one(server: RawServer, send: Send) -> None:
    error = await failure(send, signed(server, headers={"Slug": "a\r\nX-Evil: b"}, body=b"x"))

    assert (error.permanent, server.seen) == (True, [])
    assert (await send(signed(server, body=b"x"))).status == 200


# Responses


async def test_an_answer_is_status_headers_and_body(server: RawServer, send: Send) -> None:
    server.script.append(answers(418, b"short", ETag='"x"'))

    reply = await send(signed(server, body=b"x"))

    assert (reply.status, reply.headers["etag"], reply.body) == (418, '"x"', b"short")


async def test_a_connection_is_used_again(server: RawServer, send: Send, source: Path) -> None:
    for body in (b"x", BLOCK, stream(source, stat_file(source)), b"", None):
        await send(signed(server, body=body))

    assert (server.lines, [seen.whole for seen in server.seen]) == (1, [True] * 5)


async def test_what_is_stored_packed_comes_packed(server: RawServer, send: Send) -> None:
    server.script.append(answers(200, b"\x1f\x8b not really", Content_Encoding="gzip"))

    assert (await send(Request("GET", server.url + "/"))).body == b"\x1f\x8b not really"


async def test_a_streamed_answer_is_iterated(server: RawServer, send: Send) -> None:
    server.script.append(answers(206, BLOCK))

    reply = await send(Request("GET", server.url + SIGNED, stream=True))

    assert (reply.status, reply.body) == (206, b"")
    assert b"".join([block async for block in reply.content]) == BLOCK
    await reply.content.aclose()
    await send(Request("GET", server.url + "/"))
    assert server.lines == 1


async def test_a_streamed_answer_may_be_left_early(
    server: RawServer, send: Send, let_go: Callable[[], object]
) -> None:
    server.script.append(answers(200, BLOCK * 16))
    reply = await send(Request("GET", server.url + SIGNED, stream=True))

    async with aclosing(aiter(reply.content)) as blocks:
        await anext(blocks)
    await reply.content.aclose()
    await reply.content.aclose()

    await let_go()


async def test_what_refuses_is_read_at_once(server: RawServer, send: Send) -> None:
    server.script.append(answers(403, b"<Error/>"))

    reply = await send(Request("GET", server.url + SIGNED, stream=True))

    assert (reply.body, reply.content) == (b"<Error/>", None)


async def test_a_streamed_answer_that_is_cut_short_is_an_error(
    server: RawServer, send: Send, let_go: Callable[[], object]
) -> None:
    server.script.append(says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"))
    reply = await send(Request("GET", server.url + SIGNED, stream=True))

    with pytest.raises(APIConnectionError, match=r"GET .*/laika/b: the answer was cut short") as caught:
        [block async for block in reply.content]

    assert SECRET not in shown(caught.value)
    await reply.content.aclose()
    await let_go()


async def stands_still(line: Line) -> None:
    await line.request()
    await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    await line.gone()


async def test_a_streamed_answer_that_stands_still_is_a_stall(
    exchange: Exchange, server: RawServer, pool: Pool
) -> None:
    for response, stall in ((30, 0.05), (0.05, 0.05)):
        server.script.append(stands_still)
        send = exchange(pool, "storage", Timeouts(response=response, stall=stall), headers={})
        reply = await send(Request("GET", server.url + SIGNED, stream=True))

        async with asyncio.timeout(1):
            with pytest.raises(APITimeoutError, match="stood still") as caught:
                [block async for block in reply.content]

        assert (caught.value.phase, SECRET in shown(caught.value)) == ("stall", False)
        await reply.content.aclose()


async def test_a_streamed_answer_is_given_as_long_to_stand_still_as_was_said(
    exchange: Exchange, server: RawServer, pool: Pool
) -> None:
    async def hesitates(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        await asyncio.sleep(0.15)
        await line.say(b"b")

    server.script.append(hesitates)
    send = exchange(pool, "storage", Timeouts(response=0.05, stall=5), headers={})
    reply = await send(Request("GET", server.url + SIGNED, stream=True))

    assert b"".join([block async for block in reply.content]) == b"ab"
    await reply.content.aclose()


# Errors


TROUBLE: dict[str, Play] = {
    "RST before anything was read": resets_at_once,
    "RST after the head": resets_after_the_head,
    "RST after the request": resets_after_the_request,
    "closed after the head": closes_after_the_head,
    "closed without an answer": closes_after_the_request,
    "cut within the head": says(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "cut within the body": says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
    "cut within a chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "HTTP that lies": says(b"HTTP/1.1 200 OK\r\nContent-Length: minus\r\n\r\n"),
}


@pytest.mark.parametrize("body", [None, b"bytes", b"stream"])
@pytest.mark.parametrize("play", TROUBLE.values(), ids=TROUBLE.keys())
async def test_a_connection_that_breaks_is_one_error_of_ours(
    server: RawServer, send: Send, let_go: Callable[[], object], play: Play, body: bytes | None
) -> None:
    server.script.append(play)
    sent = body_of(*[BLOCK] * 4) if body == b"stream" else body

    error = await failure(send, signed(server, body=sent))

    assert type(error) is APIConnectionError
    assert (error.reached, error.permanent, error.method) == (True, False, "PUT")
    assert error.path == f"{server.url}/laika/b"
    assert str(error).startswith(f"PUT {server.url}/laika/b: ")
    await let_go()
    assert (await send(signed(server, body=b"x"))).status == 200


@pytest.mark.parametrize(
    "play", [resets_at_once, resets_after_the_head, closes_after_the_head, stops_reading]
)
async def test_a_file_is_closed_before_its_failure_is_reported(
    server: RawServer, send: Send, source: Path, play: Play
) -> None:
    server.script.append(play)

    with nothing_left():
        await failure(send, signed(server, body=WrappedBody(b"<", stream(source, stat_file(source)), b">")))


async def test_a_closed_port_is_reported_and_not_reached(send: Send) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    error = await failure(send, Request("PUT", f"http://127.0.0.1:{port}{SIGNED}", body=b"x"))

    assert "cannot connect (Connection refused)" in str(error)
    assert (error.reached, error.permanent) == (False, False)


async def test_a_name_that_is_unknown_is_reported_and_not_reached(send: Send) -> None:
    error = await failure(send, Request("PUT", f"http://missing.invalid{SIGNED}", body=b"x"))

    assert "cannot connect" in str(error)
    assert (error.reached, error.permanent) == (False, False)


async def test_a_name_server_that_is_silent_is_a_connect_timeout(
    exchange: Exchange, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(5) and [])
    send = exchange(pool, "storage", Timeouts(connect=0.05), headers={})

    async with asyncio.timeout(1):
        error = await failure(send, Request("PUT", f"http://slow.invalid{SIGNED}", body=b"x"))
    answered.set()

    assert (error.phase, error.reached) == ("connect", False)


async def test_a_host_that_takes_no_connections_is_a_connect_timeout(
    exchange: Exchange, pool: Pool, send: Send
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        crowd = []
        for _ in range(3):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            crowd.append(sock)
        send = exchange(pool, "storage", Timeouts(connect=0.1), headers={})

        error = await failure(send, Request("PUT", f"http://127.0.0.1:{port}{SIGNED}", body=b"x"))

        for sock in crowd:
            sock.close()

    assert (error.phase, error.reached, error.permanent) == ("connect", False, False)


async def test_an_authority_of_the_user_is_trusted(
    exchange: Exchange, stranger: ssl.SSLContext, certificate: Path, source: Path
) -> None:
    pool = Pool(Limits(), ssl=ssl.create_default_context(cafile=certificate))
    async with RawServer(tls=stranger) as server:
        send = exchange(pool, "storage", BRISK, headers={})
        reply = await send(signed(server, body=stream(source, stat_file(source))))
        await pool.aclose()

    assert (reply.status, server.seen[0].body) == (200, CONTENT)


async def test_an_untrusted_certificate_is_reported_at_once(stranger: ssl.SSLContext, send: Send) -> None:
    async with RawServer(tls=stranger) as server:
        server.script.append(resets_at_once)
        error = await failure(send, signed(server, body=b"x"))

    assert "certificate is not trusted" in str(error)
    assert (error.reached, error.permanent, server.seen) == (False, True, [])


async def test_a_server_without_tls_is_reported_at_once(server: RawServer, send: Send) -> None:
    server.script.append(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    request = Request("PUT", signed(server).target.replace("http://", "https://"), body=b"x")

    async def plain(line: Line) -> None:
        await line.reader.read(1)
        await line.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        line.close()

    server.script[0] = plain
    error = await failure(send, request)

    assert (error.reached, SECRET in str(error)) == (False, False)


# Stalls


async def test_a_server_that_stops_reading_is_a_stall(
    exchange: Exchange, pool: Pool, let_go: Callable[[], object], server: RawServer
) -> None:
    server.script.append(stops_reading)
    send = exchange(pool, "storage", Timeouts(response=30, stall=0.1), headers={})

    error = await failure(send, signed(server, body=endless()), APITimeoutError)

    assert (error.phase, error.reached) == ("stall", True)
    assert "stood still for longer than Timeouts.stall" in str(error)
    assert pool.session("storage").connector._acquired == set()
    assert client_sockets(server) == 0


async def test_a_server_that_stops_reading_bytes_is_a_stall(
    exchange: Exchange, server: RawServer, pool: Pool
) -> None:
    server.script.append(stops_reading)
    send = exchange(pool, "storage", Timeouts(response=30, stall=0.1), headers={})

    error = await failure(send, signed(server, body=BLOCK * 32), APITimeoutError)

    assert error.phase == "stall"
    assert client_sockets(server) == 0


def client_sockets(server: RawServer) -> int:
    """Return our ends of connections to a server that are still open in this process."""
    ours = psutil.Process().net_connections("tcp4")
    return sum(1 for each in ours if each.raddr and each.raddr.port == server.port and each.fd != -1)


async def test_an_answer_that_does_not_come_is_a_response_timeout(
    exchange: Exchange, server: RawServer, pool: Pool, let_go: Callable[[], object]
) -> None:
    send = exchange(pool, "storage", Timeouts(response=0.05, stall=30), headers={})
    for body in (None, b"abc", body_of(b"ab", b"c")):
        server.script.append(never_answers)
        error = await failure(send, signed(server, body=body), APITimeoutError)
        assert (error.phase, error.reached) == ("response", True)

    await let_go()


async def test_an_answer_that_stops_in_the_middle_is_a_response_timeout(
    exchange: Exchange, server: RawServer, pool: Pool
) -> None:
    server.script.append(stands_still)
    send = exchange(pool, "storage", Timeouts(response=0.05, stall=30), headers={})

    error = await failure(send, signed(server, body=b"x"), APITimeoutError)

    assert error.phase == "response"


async def test_a_patient_request_waits_longer(exchange: Exchange, server: RawServer, pool: Pool) -> None:
    async def slow(line: Line) -> None:
        await line.request()
        await asyncio.sleep(0.15)
        await line.answer()

    server.script.extend([slow, slow])
    send = exchange(pool, "api", Timeouts(response=0.1), headers={}, base_url=server.url)

    assert (await send(Request("POST", "/", patience=2.5))).status == 200
    with pytest.raises(APITimeoutError):
        await send(Request("POST", "/"))


async def test_no_upload_is_cut_off_for_being_long(exchange: Exchange, server: RawServer, pool: Pool) -> None:
    async def dribble() -> AsyncGenerator[bytes, None]:
        for _ in range(5):
            await asyncio.sleep(0.04)
            yield b"x"

    send = exchange(pool, "storage", Timeouts(response=0.1, stall=0.1), headers={})
    for _ in range(2):  # the second one on a kept connection
        assert (await send(signed(server, body=Streamed(5, dribble, name="x")))).status == 200
    assert server.lines == 1


# Failing sources


@pytest.mark.parametrize("size", [4, len(BLOCK) * 3])
async def test_a_body_that_is_too_short_breaks_off(
    server: RawServer, send: Send, let_go: Callable[[], object], size: int
) -> None:
    error = await failure(
        send, signed(server, body=body_of(BLOCK[: size - 1], size=size)), SourceChangedError
    )

    assert "fewer bytes" in str(error)
    await let_go()
    assert not any(seen.whole for seen in server.seen)  # a first block that is also the last never leaves
    assert (await send(signed(server, body=b"x"))).status == 200


async def test_a_body_that_is_too_long_breaks_off(
    server: RawServer, send: Send, let_go: Callable[[], object]
) -> None:
    body = body_of(b"abc", b"d", b"e", size=4)

    await failure(send, signed(server, body=body), SourceChangedError)

    await let_go()
    assert body.md5 is None


async def test_a_file_that_changes_on_the_way_is_never_whole_at_the_far_end(
    server: RawServer, send: Send, source: Path, let_go: Callable[[], object]
) -> None:
    body = stream(source, stat_file(source))
    body.on_sent = lambda _: os.truncate(source, 100)

    with nothing_left():
        await failure(send, signed(server, body=body), SourceChangedError)

    await let_go()
    assert [seen.whole for seen in server.seen] == [False]


@pytest.mark.parametrize(
    "kind", [ZeroDivisionError, ValueError, OSError, TimeoutError, KeyError, RuntimeError]
)
async def test_an_error_of_the_source_is_raised_as_it_is(
    server: RawServer, send: Send, let_go: Callable[[], object], kind: type[Exception]
) -> None:
    async def failing() -> AsyncGenerator[bytes, None]:
        yield BLOCK
        yield BLOCK
        raise kind("mine")

    with pytest.raises(kind, match="mine") as caught:
        await send(signed(server, body=Streamed(3 << 20, failing, name="x")))

    assert SECRET not in "".join(traceback.format_exception(caught.value))
    await let_go()
    assert [seen.whole for seen in server.seen] == [False]


async def test_an_error_of_the_progress_callback_is_raised_as_it_is(server: RawServer, send: Send) -> None:
    body = body_of(BLOCK, BLOCK)
    body.on_sent = lambda _: 1 / 0  # type: ignore[assignment]

    with pytest.raises(ZeroDivisionError):
        await send(signed(server, body=body))


async def test_an_error_of_the_source_is_not_tried_again(server: RawServer, send: Send) -> None:
    passes = []

    async def failing() -> AsyncGenerator[bytes, None]:
        passes.append(True)
        raise OSError("the disk is on fire")
        yield b""

    patient = retry(send, Retry(base=0), Budget(500, 500))
    with pytest.raises(OSError, match="on fire"):
        await patient(signed(server, body=Streamed(1, failing, name="x")))

    assert passes == [True]


# Early responses


async def refuses_early(line: Line) -> None:
    await line.head()
    await line.answer(403, b"<Error/>")
    await line.gone()


async def test_an_early_refusal_ends_the_upload(
    server: RawServer, send: Send, source: Path, let_go: Callable[[], object]
) -> None:
    server.script.append(refuses_early)
    path_body = stream(source, stat_file(source))

    for body in (endless(), path_body):
        with nothing_left():
            assert (await send(signed(server, body=body))).status == 403
        server.script.append(refuses_early)

    server.script.clear()
    await let_go()
    assert (await send(signed(server, body=b"x"))).status == 200


async def test_an_early_refusal_that_breaks_off_is_an_answer_or_an_error(
    server: RawServer, send: Send, source: Path, let_go: Callable[[], object]
) -> None:
    """The result depends on a race between the response and the RST that follows it."""

    async def refuses_and_closes(line: Line) -> None:
        await line.head()
        await line.answer(413)
        line.close()

    server.script.append(refuses_and_closes)
    with nothing_left():
        try:
            status = (await send(signed(server, body=stream(source, stat_file(source))))).status
        except APIConnectionError as exc:
            status = 413 if exc.reached else 0
    assert status == 413

    await let_go()
    assert (await send(signed(server, body=b"x"))).status == 200


async def test_a_pass_is_over_before_its_failure_is_reported(server: RawServer, send: Send) -> None:
    """Otherwise the next one would move the position of the same open file."""
    over = []

    async def slow_to_close() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield BLOCK
        finally:
            await asyncio.sleep(0.05)
            over.append(True)

    async def refuses_and_resets(line: Line) -> None:
        await line.head()
        await asyncio.sleep(0.01)
        line.reset()

    for play in (refuses_and_resets, refuses_early, stops_reading):
        server.script.append(play)
        body = Streamed(1 << 30, slow_to_close, name="x")
        over.clear()
        with suppress(APIConnectionError):
            await send(signed(server, body=body))
        assert over == [True]


# Idle connections that have died


def patient(send: Send) -> Send:
    async def no_sleep(_: float) -> None: ...

    return retry(send, Retry(), Budget(500, 500), sleep=no_sleep)


@pytest.mark.parametrize("body", ["bytes", "many bytes", "stream"])
async def test_a_kept_connection_that_is_dropped_costs_no_byte(
    server: RawServer, send: Send, source: Path, body: str
) -> None:
    server.script.append(drops_the_next)
    whole = {"bytes": b"abc", "many bytes": BLOCK, "stream": CONTENT}[body]
    sent = stream(source, stat_file(source)) if body == "stream" else whole
    await send(signed(server))

    reply = await patient(send)(signed(server, body=sent))

    assert (reply.status, reply.attempts) == (200, 2)
    assert [seen.body for seen in server.seen if seen.whole] == [b"", whole]
    assert server.seen[-1].header("Content-Length") == str(len(whole))


async def test_a_stream_that_can_be_read_once_is_never_sent_in_half(server: RawServer, send: Send) -> None:
    server.script.append(drops_the_next)
    await send(signed(server))

    with pytest.raises(CoreDataError):
        await patient(send)(signed(server, body=body_of(*[BLOCK] * 4, replayable=False)))

    assert [seen.whole for seen in server.seen] == [True, False]


async def test_a_post_is_sent_once_by_each_attempt(server: RawServer, send: Send) -> None:
    for method in ("POST", "PUT", "GET"):
        server.script.append(drops_the_next)
        await send(signed(server))
        count = len(server.seen)

        await failure(send, Request(method, server.url + SIGNED))

        assert len(server.seen) == count + 1


# Cancellation


@pytest.mark.parametrize("steps", range(0, 40, 2))
async def test_a_cancellation_while_sending_lets_go_of_everything(
    server: RawServer, send: Send, source: Path, let_go: Callable[[], object], steps: int
) -> None:
    server.script.append(never_answers)

    with nothing_left():
        assert await cancelled_after(steps, send(signed(server, body=stream(source, stat_file(source)))))

    await let_go()


async def test_a_cancellation_before_a_server_that_stopped_reading_lets_go(
    exchange: Exchange, server: RawServer, pool: Pool
) -> None:
    server.script.append(stops_reading)
    send = exchange(pool, "storage", Timeouts(), headers={})
    task = asyncio.create_task(send(signed(server, body=endless())))
    await asyncio.sleep(0.05)

    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    assert client_sockets(server) == 0


async def test_a_cancellation_while_receiving_lets_go(
    exchange: Exchange, server: RawServer, pool: Pool, let_go: Callable[[], object]
) -> None:
    server.script.append(stands_still)
    send = exchange(pool, "storage", Timeouts(), headers={})
    task = asyncio.create_task(send(signed(server, body=b"x")))
    await asyncio.sleep(0.05)

    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    await let_go()


async def test_many_at_once_share_the_connections(exchange: Exchange, server: RawServer) -> None:
    pool = Pool(Limits(connections=3))
    send = exchange(pool, "storage", Timeouts(), headers={})

    async def put(number: int) -> Reply:
        return await send(signed(server, body=b"%d" % number))

    async with asyncio.TaskGroup() as group:
        replies = [group.create_task(put(number)) for number in range(20)]
    await pool.aclose()

    assert [task.result().status for task in replies] == [200] * 20
    assert sorted(int(seen.body) for seen in server.seen) == list(range(20))
    assert server.lines == 3


# All forms of responses


def speaks(raw: bytes) -> Play:
    """Answer with exactly these bytes, and keep the connection."""

    async def play(line: Line) -> None:
        await line.request()
        await line.say(raw)

    return play


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok", 201, b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n", 200, b"ok"),
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, b""),
    ],
)
async def test_an_answer_may_have_any_form_and_the_connection_is_kept(
    server: RawServer, send: Send, raw: bytes, status: int, body: bytes
) -> None:
    server.script.append(speaks(raw))

    reply = await send(signed(server, body=b"x"))

    assert (reply.status, reply.body) == (status, body)
    await send(signed(server, body=b"x"))
    assert server.lines == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_an_answer_may_end_with_its_connection(server: RawServer, send: Send, raw: bytes) -> None:
    for streams in (False, True):
        server.script.append(says(raw))
        reply = await send(Request("GET", server.url + SIGNED, stream=streams))
        body = b"".join([block async for block in reply.content]) if reply.content else reply.body
        if reply.content:
            await reply.content.aclose()
        assert body == b"ok"

    assert server.lines == 2


async def test_a_head_is_answered_without_a_body(server: RawServer, send: Send) -> None:
    server.script.append(speaks(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))

    reply = await send(Request("HEAD", server.url + "/"))

    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", "5")
    assert (await send(Request("GET", server.url + "/"))).status == 200
    assert server.lines == 1


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("stream", [False, True])
async def test_what_the_service_packs_is_unpacked(
    exchange: Exchange, server: RawServer, pool: Pool, coding: str, *, stream: bool
) -> None:
    packed = gzip.compress(CONTENT) if coding == "gzip" else zlib.compress(CONTENT)
    server.script.append(answers(200, packed, Content_Encoding=coding))
    send = exchange(pool, "api", BRISK, headers={}, base_url=server.url)

    reply = await send(Request("GET", "/", stream=stream))
    body = b"".join([block async for block in reply.content]) if reply.content else reply.body

    assert (body, reply.headers["Content-Encoding"]) == (CONTENT, coding)
    if reply.content:
        await reply.content.aclose()
    assert "gzip, deflate" in (server.seen[0].header("Accept-Encoding") or "")
    await send(Request("GET", "/"))
    assert server.lines == 1


async def test_what_cannot_be_unpacked_is_an_error_of_ours(
    exchange: Exchange, server: RawServer, pool: Pool
) -> None:
    send = exchange(pool, "api", BRISK, headers={}, base_url=server.url)
    server.script.append(answers(200, b"not packed", Content_Encoding="gzip"))

    error = await failure(send, Request("GET", "/"))

    assert (error.reached, error.permanent) == (True, False)


@pytest.mark.parametrize(
    "coding",
    ["gzip, chunked", "chunked, identity", "chunked;q=1", "\x0bchunked", "x\r\nTransfer-Encoding: y"],
)
async def test_an_answer_in_an_unknown_transfer_coding_is_an_error(
    server: RawServer, send: Send, coding: str
) -> None:
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n".encode()
    server.script.append(says(head + b"5\r\nhello\r\n0\r\n\r\n"))

    await failure(send, Request("GET", f"{server.url}/blob"))


async def test_a_trailer_is_not_taken_for_headers(server: RawServer, send: Send) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.script.append(says(head + b"5\r\nhello\r\n0\r\nETag: x\r\nContent-Encoding: gzip\r\n\r\n"))

    reply = await send(Request("GET", f"{server.url}/blob"))

    assert (reply.body, dict(reply.headers)) == (b"hello", {"Transfer-Encoding": "chunked"})


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "more"),
    [
        (CHUNKED + b"7;", b"x" * 65536),
        (CHUNKED, b"1;" + b"x" * 60_000 + b"\r\na\r\n"),
        (CHUNKED, b"0" * 65536),
        (CHUNKED + b"0\r\n", b"X: y\r\n" * 10_000),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 2000),
        (b"", b"\r\n" * 30_000),
    ],
    ids=["extension", "extensions", "digits", "trailer", "interim responses", "lines"],
)
async def test_what_is_outside_of_a_body_has_an_end(
    server: RawServer, send: Send, head: bytes, more: bytes
) -> None:
    sent = 0

    async def play(line: Line) -> None:
        nonlocal sent
        await line.request()
        await line.say(head)
        while sent < 50_000_000:
            await line.say(more)
            sent += len(more)

    server.script.append(play)

    await failure(send, Request("GET", f"{server.url}/blob"))

    assert sent < 20_000_000


async def test_many_small_chunks_are_a_body(server: RawServer, send: Send) -> None:
    server.script.append(says(CHUNKED + b"1;a=b\r\nx\r\n" * 100_000 + b"0\r\n\r\n"))

    assert (await send(Request("GET", f"{server.url}/blob"))).body == b"x" * 100_000


async def test_an_answer_may_have_many_headers(server: RawServer, send: Send) -> None:
    server.script.append(says(b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: a=b\r\n" * 250 + b"\r\n"))

    assert (await send(Request("GET", f"{server.url}/blob"))).status == 200


async def test_a_head_without_an_end_is_one_error_of_ours(server: RawServer, send: Send) -> None:
    server.script.append(says(b"HTTP/1.1 200 OK\r\nX: " + BLOCK))

    error = await failure(send, signed(server, body=b"x"))

    assert (type(error), error.reached) == (APIConnectionError, True)
    assert (await send(signed(server, body=b"x"))).status == 200


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_an_answer_may_come_in_crumbs(server: RawServer, send: Send, size: int) -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: x\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    async def crumbles(line: Line) -> None:
        await line.request()
        for start in range(0, len(raw), size):
            await line.say(raw[start : start + size])
            await asyncio.sleep(0)

    server.script.append(crumbles)
    reply = await send(signed(server, body=b"x"))

    assert (reply.status, reply.headers["ETag"], reply.body) == (200, "x", b"abcde")


# Back-pressure


async def test_a_streamed_answer_waits_for_its_reader(server: RawServer, send: Send) -> None:
    given = []

    async def pours(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * len(BLOCK)))
        for _ in range(64):
            await line.say(BLOCK)
            given.append(True)

    server.script.append(pours)
    reply = await send(Request("GET", server.url + SIGNED, stream=True))
    await asyncio.sleep(0.1)
    early = len(given)
    taken = 0
    async for block in reply.content:
        taken += len(block)
    await reply.content.aclose()

    assert (taken, early < 40) == (64 * len(BLOCK), True)
    assert (await send(signed(server))).status == 200
    assert server.lines == 1


async def test_an_early_answer_is_not_kept_waiting_by_a_silent_source(
    server: RawServer, send: Send, let_go: Callable[[], object]
) -> None:
    closed = []

    async def falls_silent() -> AsyncGenerator[bytes, None]:
        try:
            yield BLOCK
            yield BLOCK
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    server.script.append(refuses_early)
    async with asyncio.timeout(1):
        reply = await send(signed(server, body=Streamed(1 << 30, falls_silent, name="x")))

    assert (reply.status, closed) == (403, [True])
    await let_go()


async def test_a_slow_server_is_not_a_stall(exchange: Exchange, pool: Pool) -> None:
    async def sips(line: Line) -> None:
        seen = await line.head()
        left = int(seen.header("Content-Length") or 0)
        while left:
            left -= len(await line.reader.read(1 << 17))
            await asyncio.sleep(0.02)
        await line.answer()

    async with RawServer(buffer=1 << 14) as server:
        server.script.append(sips)
        send = exchange(pool, "storage", Timeouts(stall=0.5), headers={})

        assert (await send(signed(server, body=body_of(*[BLOCK] * 4)))).status == 200


# Other addresses


async def test_an_address_of_ipv6_is_written_in_brackets(
    exchange: Exchange, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        sock = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    heads = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, sock=sock):
        port = sock.getsockname()[1]
        send = exchange(pool, "storage", BRISK, headers={})
        assert (await send(Request("GET", f"http://[::1]:{port}/x"))).status == 204
        await pool.aclose()

    assert b"\r\nHost: [::1]:%d\r\n" % port in heads[0]


def test_it_all_works_in_a_loop_of_uvloop(exchange: Exchange, source: Path) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def use(server: RawServer, pool: Pool) -> None:
        server.script.extend([*[answers()] * 5, answers(200, BLOCK * 8), stops_reading, never_answers])
        send = exchange(pool, "storage", BRISK, headers={})
        for body in (None, b"x", BLOCK, stream(source, stat_file(source)), body_of(*[BLOCK] * 9)):
            assert (await send(signed(server, body=body))).status == 200
        assert [len(seen.body) for seen in server.seen] == [0, 1, 1 << 20, len(CONTENT), 9 << 20]
        reply = await send(Request("GET", server.url + SIGNED, stream=True))
        assert b"".join([block async for block in reply.content]) == BLOCK * 8
        await reply.content.aclose()
        assert server.lines == 1
        assert (await failure(send, signed(server, body=endless()), APITimeoutError)).phase == "stall"
        assert (await failure(send, signed(server), APITimeoutError)).phase == "response"

    async def run() -> None:
        pool = Pool(Limits())
        try:
            async with RawServer() as server:
                await use(server, pool)
        finally:
            await pool.aclose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


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
