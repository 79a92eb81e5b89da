"""Outcome of an exchange."""

import pytest

from coredata_async.bulk.limits.outcome import Outcome, Recent, classify
from coredata_async.errors import APIConnectionError, APITimeoutError, SourceChangedError
from coredata_async.transport.trace import Exchanged
from tests.bulk.simulated import exchanged


@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 499])
def test_a_response_below_500_is_a_success(status: int) -> None:
    assert classify(exchanged(status)) is Outcome.WORKED


@pytest.mark.parametrize("status", [500, 501, 502, 504, 520, 599])
def test_an_error_of_the_server_is_a_failure(status: int) -> None:
    assert classify(exchanged(status, retry_after=3)) is Outcome.FAILED


def test_503_with_retry_after_is_throttling() -> None:
    assert classify(exchanged(503)) is Outcome.UNAVAILABLE
    assert classify(exchanged(503, retry_after=0)) is Outcome.THROTTLED


def test_429_is_throttling_with_and_without_retry_after() -> None:
    assert classify(exchanged(429)) is Outcome.THROTTLED
    assert classify(exchanged(429, retry_after=3)) is Outcome.THROTTLED


@pytest.mark.parametrize("error", [APIConnectionError, APITimeoutError])
def test_a_missing_response_is_a_failure(error: type[Exception]) -> None:
    assert classify(exchanged(None, error=error.__name__)) is Outcome.FAILED


@pytest.mark.parametrize("error", [SourceChangedError, ZeroDivisionError, OSError])
def test_an_exception_of_the_source_is_not_sent(error: type[Exception]) -> None:
    assert classify(exchanged(None, error=error.__name__)) is Outcome.NOT_SENT


def classify_all(*events: Exchanged) -> list[Outcome]:
    recent = Recent()
    return [recent.classify(event) for event in events]


def test_a_503_with_retry_after_among_successes_concerns_that_request_only() -> None:
    busy = exchanged(503, retry_after=5)

    outcomes = classify_all(exchanged(), exchanged(), exchanged(), *[exchanged(), busy] * 50)

    assert Outcome.THROTTLED not in outcomes
    assert outcomes[4] is Outcome.UNAVAILABLE


def test_a_503_with_retry_after_among_others_concerns_all() -> None:
    busy = exchanged(503, retry_after=5)

    assert classify_all(busy)[-1] is Outcome.THROTTLED
    assert classify_all(*[exchanged()] * 30, *[busy] * 11)[-2:] == [Outcome.UNAVAILABLE, Outcome.THROTTLED]


def test_429_always_concerns_all() -> None:
    assert classify_all(*[exchanged()] * 30, exchanged(429))[-1] is Outcome.THROTTLED


def test_a_request_that_was_not_sent_does_not_count() -> None:
    gone = exchanged(None, error="SourceChangedError")

    assert classify_all(*[gone] * 30, exchanged(503, retry_after=5)) == [Outcome.NOT_SENT] * 30 + [
        Outcome.THROTTLED
    ]
