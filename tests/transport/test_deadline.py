"""Timeout for all retries together."""

import asyncio

import pytest

from coredata_async.errors import APITimeoutError
from coredata_async.message import Reply, Request, Send
from coredata_async.transport.deadline import within

GET = Request("GET", "/api/?key=SECRET")


def raising(exc: BaseException) -> Send:
    async def send(_: Request) -> Reply:
        raise exc

    return send


async def silent(_: Request) -> Reply:
    await asyncio.Event().wait()
    raise AssertionError


async def test_what_takes_too_long_is_given_up() -> None:
    with pytest.raises(APITimeoutError, match=r"GET /api/: not done within Timeouts\.total") as caught:
        await within(silent, 0.01)(GET)

    assert (caught.value.phase, caught.value.reached) == ("total", True)
    assert "SECRET" not in str(caught.value)


async def test_an_inner_limit_keeps_its_phase() -> None:
    inner = APITimeoutError("x", GET, phase="stall")

    with pytest.raises(APITimeoutError) as caught:
        await within(raising(inner), 5)(GET)

    assert caught.value is inner


async def test_a_timeout_of_the_source_is_not_ours() -> None:
    with pytest.raises(TimeoutError, match="mine") as caught:
        await within(raising(TimeoutError("mine")), 5)(GET)

    assert type(caught.value) is TimeoutError


async def test_a_cancellation_stays_one() -> None:
    task = asyncio.create_task(within(silent, 5)(GET))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()


def test_no_limit_adds_nothing() -> None:
    assert within(silent, None) is silent
