"""The idle timer fires only when no data has arrived."""

import asyncio

from coredata_async.transport.http11.connection import IdleTimer
from tests.storage.leaks import until


async def test_it_goes_off_once_when_nothing_comes() -> None:
    late: list[bool] = []
    clock = IdleTimer(lambda: late.append(True))

    clock.start(0.01)
    await until(lambda: bool(late))
    await asyncio.sleep(0.03)

    assert late == [True]


async def test_a_shorter_patience_than_the_one_before_counts() -> None:
    late: list[bool] = []
    clock = IdleTimer(lambda: late.append(True))

    clock.start(60)
    clock.deadline = None
    clock.start(0.01)
    await until(lambda: bool(late))

    clock.end()


async def test_whatever_comes_puts_it_off() -> None:
    late: list[bool] = []
    clock = IdleTimer(lambda: late.append(True))

    clock.start(0.2)
    for _ in range(10):
        await asyncio.sleep(0.03)
        clock.restart()
    assert late == []
    await until(lambda: bool(late))


async def test_one_that_is_stopped_stays_silent_and_makes_no_second_timer() -> None:
    late: list[bool] = []
    clock = IdleTimer(lambda: late.append(True))
    clock.start(0.05)
    timer = clock._timer

    for _ in range(100):
        clock.start(0.05)
        clock.deadline = None
        clock.restart()
    assert clock._timer is timer
    await until(lambda: clock._timer is None)
    assert late == []


async def test_one_that_has_ended_never_goes_off() -> None:
    late: list[bool] = []
    clock = IdleTimer(lambda: late.append(True))
    clock.start(0.01)
    clock.end()
    await asyncio.sleep(0.03)

    assert late == []


async def test_none_waits_forever() -> None:
    clock = IdleTimer(lambda: 1 / 0)
    clock.start(None)

    assert clock._timer is None
