"""Events of hooks and log lines."""

import logging
from collections.abc import AsyncIterator

import pytest

from coredata_async.errors import APIConnectionError
from coredata_async.message import Reply, Request
from coredata_async.transport.trace import Exchanged, loggable_target, server_of, trace

NAME = "coredata_async.http"
GET = Request("GET", "/api/v2/files/?title=SECRET")
PUT = Request("PUT", "https://t.example:8443/laika/b?Signature=SECRET", {"X": "SECRET"}, b"SECRET")


def ticking(*moments: float):
    return iter(moments).__next__


async def answer(_: Request) -> Reply:
    return Reply(201, {"X-Request-Id": "r1", "Location": "/SECRET"}, b"SECRET")


async def broken(request: Request) -> Reply:
    raise APIConnectionError("SECRET", request)


async def test_a_hook_sees_every_attempt() -> None:
    events: list[Exchanged] = []
    for request in (GET, PUT):
        send = trace(answer, [events.append], base_url="https://t.coredata.is", clock=ticking(1, 1.5))
        await send(request)

    assert events == [
        Exchanged("GET", "/api/v2/files/", 201, 0.5, "r1", host="t.coredata.is", port=443),
        Exchanged("PUT", "t.example/laika/b", 201, 0.5, "r1", signed=True, host="t.example", port=8443),
    ]
    assert "SECRET" not in repr(events)


@pytest.mark.parametrize(("said", "seconds"), [("7", 7), ("1.5", 1.5), ("0", 0), ("soon", None), ("", None)])
async def test_a_hook_sees_how_long_one_was_asked_to_wait(said: str, seconds: float | None) -> None:
    async def busy(_: Request) -> Reply:
        return Reply(429, {"Retry-After": said})

    events: list[Exchanged] = []
    await trace(busy, [events.append], clock=ticking(1, 3))(PUT)

    assert [(event.status, event.retry_after, event.signed) for event in events] == [(429, seconds, True)]


async def test_a_hook_sees_to_which_side_a_failure_belongs() -> None:
    events: list[Exchanged] = []
    for request in (GET, PUT):
        with pytest.raises(APIConnectionError):
            await trace(broken, [events.append], clock=ticking(1, 3))(request)

    assert [event.signed for event in events] == [False, True]


@pytest.mark.parametrize("error", [APIConnectionError("SECRET", GET), ZeroDivisionError("SECRET")])
async def test_a_hook_sees_failures_by_their_class(error: Exception) -> None:
    async def fails(_: Request) -> Reply:
        raise error

    events: list[Exchanged] = []
    with pytest.raises(type(error)):
        await trace(fails, [events.append], clock=ticking(1, 3))(GET)

    assert events == [Exchanged("GET", "/api/v2/files/", None, 2, error=type(error).__name__)]


async def test_the_log_has_one_line_for_each_attempt(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, NAME)

    await trace(answer, clock=ticking(1, 1.5))(PUT)
    with pytest.raises(APIConnectionError):
        await trace(broken, clock=ticking(1, 1.5))(GET)

    assert [record.getMessage() for record in caplog.records] == [
        "PUT t.example/laika/b -> 201 in 500 ms",
        "GET /api/v2/files/ -> APIConnectionError in 500 ms",
    ]


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
async def test_above_debug_nothing_is_logged(caplog: pytest.LogCaptureFixture, level: int) -> None:
    caplog.set_level(level, NAME)

    await trace(answer, [lambda _: None])(GET)
    await trace(answer)(GET)

    assert caplog.records == []


async def test_what_a_hook_raises_ends_the_call() -> None:
    def stop(_: Exchanged) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await trace(answer, [stop])(GET)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/api/v2/files/?title=SECRET", "/api/v2/files/"),
        ("https://T.example:8443/a/b?SECRET", "t.example/a/b"),
        ("https://SECRET:SECRET@t.example/a?SECRET", "t.example/a"),
        ("http://[::1]:80/a", "::1/a"),
        ("https://t.example?SECRET", "t.example"),
        ("ftp://SECRET@t.example/a", "t.example/a"),
        ("SECRET", ""),
    ],
)
def test_of_a_target_only_host_and_path_are_shown(target: str, expected: str) -> None:
    assert loggable_target(Request("GET", target)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://t.coredata.is", ("t.coredata.is", 443)),
        ("http://127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("HTTP://T.example/a?b", ("t.example", 80)),
        ("https://SECRET:SECRET@t.example/a?SECRET", ("t.example", 443)),
        ("http://[::1]:81/a", ("::1", 81)),
        ("https://t.example:port/a", ("t.example", 443)),
        ("", ("", None)),
    ],
)
def test_an_event_names_the_server_without_a_password(url: str, expected: tuple[str, int | None]) -> None:
    assert server_of(url) == expected


async def test_a_hook_that_fails_leaves_no_reply_open() -> None:
    class Arriving:
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"x"

        async def aclose(self) -> None:
            self.closed = True

    content = Arriving()

    async def arrive(_: Request) -> Reply:
        return Reply(200, content=content)

    def fail(_: Exchanged) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await trace(arrive, [fail])(GET)

    assert content.closed
