"""Concurrent work: results in order, a bounded width, and the first error raised."""

import asyncio

import pytest

from coredata_async.transfer.workers import map_concurrently, start_in


async def test_results_come_in_the_order_of_the_things_and_the_width_is_kept() -> None:
    under_way, most = 0, 0

    async def do(thing: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(10 - thing):
            await asyncio.sleep(0)
        under_way -= 1
        return thing * thing

    assert await map_concurrently(range(10), do, 3) == [n * n for n in range(10)]
    assert most == 3
    assert await map_concurrently([], do, 3) == []


async def test_the_first_error_is_reported_as_it_is() -> None:
    async def do(thing: int) -> int:
        if thing:
            raise KeyError(thing)
        return thing

    with pytest.raises(KeyError):
        await map_concurrently([0, 1, 2], do, 2)


async def test_a_task_is_started_in_a_group_that_works() -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    async with asyncio.TaskGroup() as group:
        task = start_in(group, work())

    assert task is not None
    assert done.is_set()


async def test_a_group_that_a_failure_ends_starts_no_task_and_keeps_the_failure() -> None:
    started: list[object] = []

    async def fail() -> None:
        raise ValueError("the first failure")

    async def start_late() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            started.append(start_in(group, fail()))

    with pytest.raises(ExceptionGroup) as failures:  # noqa: PT012  # the group is what raises
        async with asyncio.TaskGroup() as group:
            group.create_task(start_late())
            group.create_task(fail())

    assert started == [None]
    assert [str(each) for each in failures.value.exceptions] == ["the first failure"]
