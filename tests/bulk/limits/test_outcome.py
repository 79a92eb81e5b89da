"""What an exchange says about the far end."""

import pytest

from coredata_async.bulk.limits.outcome import Outcome, Recent, classify
from coredata_async.errors import APIConnectionError, APITimeoutError, SourceChangedError
from coredata_async.transport.trace import Exchanged
from tests.bulk.far_end import exchanged


@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 499])
def test_an_answer_is_an_answer(status: int) -> None:
    assert classify(exchanged(status)) is Outcome.WORKED


@pytest.mark.parametrize("status", [500, 501, 502, 504, 520, 599])
def test_an_error_of_the_server_is_a_failure(status: int) -> None:
    assert classify(exchanged(status, retry_after=3)) is Outcome.FAILED


def test_503_says_more_with_retry_after() -> None:
    assert classify(exchanged(503)) is Outcome.UNAVAILABLE
    assert classify(exchanged(503, retry_after=0)) is Outcome.THROTTLED


def test_429_is_throttling_either_way() -> None:
    assert classify(exchanged(429)) is Outcome.THROTTLED
    assert classify(exchanged(429, retry_after=3)) is Outcome.THROTTLED


@pytest.mark.parametrize("error", [APIConnectionError, APITimeoutError])
def test_no_answer_is_a_failure(error: type[Exception]) -> None:
    assert classify(exchanged(None, error=error.__name__)) is Outcome.FAILED


@pytest.mark.parametrize("error", [SourceChangedError, ZeroDivisionError, OSError])
def test_what_the_source_raised_says_nothing_of_the_far_end(error: type[Exception]) -> None:
    assert classify(exchanged(None, error=error.__name__)) is Outcome.NOT_SENT


def weighed(*events: Exchanged) -> list[Outcome]:
    recent = Recent()
    return [recent.weigh(event) for event in events]


def test_a_503_with_retry_after_among_successes_concerns_itself_alone() -> None:
    busy = exchanged(503, retry_after=5)

    verdicts = weighed(exchanged(), exchanged(), exchanged(), *[exchanged(), busy] * 50)

    assert Outcome.THROTTLED not in verdicts
    assert verdicts[4] is Outcome.UNAVAILABLE


def test_a_503_with_retry_after_among_its_like_concerns_all() -> None:
    busy = exchanged(503, retry_after=5)

    assert weighed(busy)[-1] is Outcome.THROTTLED
    assert weighed(*[exchanged()] * 30, *[busy] * 11)[-2:] == [Outcome.UNAVAILABLE, Outcome.THROTTLED]


def test_429_always_concerns_all() -> None:
    assert weighed(*[exchanged()] * 30, exchanged(429))[-1] is Outcome.THROTTLED


def test_what_was_not_asked_says_nothing_about_the_others() -> None:
    gone = exchanged(None, error="SourceChangedError")

    assert weighed(*[gone] * 30, exchanged(503, retry_after=5)) == [Outcome.NOT_SENT] * 30 + [
        Outcome.THROTTLED
    ]
