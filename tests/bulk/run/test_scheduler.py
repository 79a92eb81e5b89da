"""Tests of starting tasks in a group that may be ending."""

import asyncio

import pytest

from coredata_async.bulk.run.scheduler import start_in


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
