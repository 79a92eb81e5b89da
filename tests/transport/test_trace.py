"""What hooks and the log get to see."""

import logging

import pytest

from coredata_async.errors import APIConnectionError
from coredata_async.message import Reply, Request
from coredata_async.transport.trace import Exchanged, traced

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
        await traced(answer, [events.append], clock=ticking(1, 1.5))(request)

    assert events == [
        Exchanged("GET", "/api/v2/files/", 201, 0.5, "r1"),
        Exchanged("PUT", "t.example/laika/b", 201, 0.5, "r1"),
    ]
    assert "SECRET" not in repr(events)


@pytest.mark.parametrize("error", [APIConnectionError("SECRET", GET), ZeroDivisionError("SECRET")])
async def test_a_hook_sees_failures_by_their_class(error: Exception) -> None:
    async def fails(_: Request) -> Reply:
        raise error

    events: list[Exchanged] = []
    with pytest.raises(type(error)):
        await traced(fails, [events.append], clock=ticking(1, 3))(GET)

    assert events == [Exchanged("GET", "/api/v2/files/", None, 2, error=type(error).__name__)]


async def test_the_log_has_one_line_for_each_attempt(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, NAME)

    await traced(answer, clock=ticking(1, 1.5))(PUT)
    with pytest.raises(APIConnectionError):
        await traced(broken, clock=ticking(1, 1.5))(GET)

    assert [record.getMessage() for record in caplog.records] == [
        "PUT t.example/laika/b -> 201 in 500 ms",
        "GET /api/v2/files/ -> APIConnectionError in 500 ms",
    ]


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
async def test_above_debug_nothing_is_logged(caplog: pytest.LogCaptureFixture, level: int) -> None:
    caplog.set_level(level, NAME)

    await traced(answer, [lambda _: None])(GET)
    await traced(answer)(GET)

    assert caplog.records == []


async def test_what_a_hook_raises_ends_the_call() -> None:
    def stop(_: Exchanged) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await traced(answer, [stop])(GET)
