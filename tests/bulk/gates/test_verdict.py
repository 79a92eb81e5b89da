"""What an exchange says about the far end."""

import pytest

from coredata_async.bulk.gates.verdict import Verdict, judged
from coredata_async.errors import APIConnectionError, APITimeoutError, SourceChangedError
from tests.bulk.far_end import exchanged


@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 499])
def test_an_answer_is_an_answer(status: int) -> None:
    assert judged(exchanged(status)) is Verdict.WORKED


@pytest.mark.parametrize("status", [500, 501, 502, 504, 520, 599])
def test_an_error_of_the_server_is_a_failure(status: int) -> None:
    assert judged(exchanged(status, retry_after=3)) is Verdict.FAILED


def test_503_says_more_with_retry_after() -> None:
    assert judged(exchanged(503)) is Verdict.UNAVAILABLE
    assert judged(exchanged(503, retry_after=0)) is Verdict.THROTTLED


def test_429_is_throttling_either_way() -> None:
    assert judged(exchanged(429)) is Verdict.THROTTLED
    assert judged(exchanged(429, retry_after=3)) is Verdict.THROTTLED


@pytest.mark.parametrize("error", [APIConnectionError, APITimeoutError])
def test_no_answer_is_a_failure(error: type[Exception]) -> None:
    assert judged(exchanged(None, error=error.__name__)) is Verdict.FAILED


@pytest.mark.parametrize("error", [SourceChangedError, ZeroDivisionError, OSError])
def test_what_the_source_raised_says_nothing_of_the_far_end(error: type[Exception]) -> None:
    assert judged(exchanged(None, error=error.__name__)) is Verdict.UNTOLD
