"""Pauses of a worker that the service does not answer."""

import asyncio

import pytest

from coredata_async.cluster import outage
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.outage import OutagePause, is_outage
from coredata_async.errors import (
    APIConnectionError,
    APITimeoutError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from coredata_async.message import Reply, Request

REQUEST = Request("GET", "/api/v2/projects/1/")
NO_ANSWER = APITimeoutError("no answer", REQUEST, phase="response")


async def seconds_of(pause: OutagePause, monkeypatch) -> list[float]:
    waited: list[float] = []

    def timeout(seconds: float):
        waited.append(seconds)
        return asyncio.timeout_at(0)

    with monkeypatch.context() as patch:
        patch.setattr(outage.asyncio, "timeout", timeout)
        await pause.wait(asyncio.Event())
    return waited


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (APIConnectionError("refused", REQUEST), True),
        (NO_ANSWER, True),
        (ServerError("failed", REQUEST, Reply(503)), True),
        (RateLimitError("too many", REQUEST, Reply(429)), True),
        (APIConnectionError("wrong certificate", REQUEST, permanent=True), False),
        (NotFoundError("gone", REQUEST, Reply(404)), False),
        (ClusterError("no answer"), False),
        (None, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_outage_is_a_failure_of_the_service_for_every_task(failure, expected: bool) -> None:
    assert is_outage(failure) is expected


async def test_the_pause_doubles_up_to_a_minute_until_a_task_ends_otherwise(monkeypatch) -> None:
    pause, waited = OutagePause(), []
    for _ in range(5):
        pause.record({"state": "open"}, NO_ANSWER)
        waited += await seconds_of(pause, monkeypatch)
    assert waited == [10, 20, 40, 60, 60]

    pause.record({"ended": "complete"})
    assert await seconds_of(pause, monkeypatch) == []

    pause.record({"ended": "circuit"})
    assert await seconds_of(pause, monkeypatch) == [10]
    assert await seconds_of(pause, monkeypatch) == []  # once per task


async def test_a_drained_worker_does_not_wait() -> None:
    pause, draining = OutagePause(), asyncio.Event()
    pause.record({}, NO_ANSWER)
    draining.set()

    await asyncio.wait_for(pause.wait(draining), 1)
