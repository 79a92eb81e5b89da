"""Timeouts, retries, limits and the environment."""

import math

import pytest

from coredata_async.config import Limits, Retry, Timeouts, number, setting
from coredata_async.errors import ConfigurationError


@pytest.mark.parametrize("name", ["connect", "pool", "response", "stall", "total"])
@pytest.mark.parametrize("seconds", [0, -1, math.nan])
def test_a_timeout_is_more_than_nothing(name: str, seconds: float) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be more than 0"):
        Timeouts(**{name: seconds})


def test_no_timeout_waits_forever() -> None:
    assert Timeouts(response=None).response is None
    assert Timeouts(connect=math.inf, total=math.inf) == Timeouts(connect=None)


def test_no_exchange_is_cut_for_being_long_unless_asked() -> None:
    assert Timeouts().total is None


@pytest.mark.parametrize("name", ["connections", "concurrency", "uploads", "open_files"])
def test_a_limit_is_at_least_one(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be 1 or more"):
        Limits(**{name: 0})


def test_a_rate_is_more_than_nothing() -> None:
    with pytest.raises(ConfigurationError, match="rate must be more than 0"):
        Limits(rate=0)


def test_a_request_is_sent_at_least_once() -> None:
    with pytest.raises(ConfigurationError, match="attempts must be 1 or more"):
        Retry(attempts=0)


@pytest.mark.parametrize("name", ["base", "cap", "max_retry_after", "budget", "settle", "probe_gap"])
@pytest.mark.parametrize("value", [-1, math.nan])
def test_a_wait_is_not_negative(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be 0 or more"):
        Retry(**{name: value})


def test_each_wait_is_twice_the_one_before_up_to_the_cap() -> None:
    policy = Retry(attempts=9, base=1, cap=10)

    assert [policy.wait(attempt, jitter=1) for attempt in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_jitter_halves_a_wait_at_most() -> None:
    assert Retry(base=1).wait(1, jitter=0) == 0.5


def test_no_attempt_follows_the_last() -> None:
    assert Retry(attempts=2).wait(1, jitter=0) is not None
    assert Retry(attempts=2).wait(2, jitter=0) is None
    assert Retry.none().wait(1, jitter=0, retry_after=0) is None


def test_the_servers_wish_beats_ours_and_is_never_cut_short() -> None:
    policy = Retry(cap=1)

    assert policy.wait(1, jitter=0, retry_after=30) == 30
    assert policy.wait(1, jitter=1, retry_after=30) == 33


def test_a_server_that_asks_too_much_is_not_waited_for() -> None:
    assert Retry(max_retry_after=10).wait(1, jitter=0, retry_after=10) == 10
    assert Retry(max_retry_after=10).wait(1, jitter=0, retry_after=10.1) is None
    assert Retry().wait(1, jitter=0, retry_after=math.inf) is None


def test_a_wait_can_be_computed_for_any_attempt() -> None:
    assert Retry(attempts=9_999_999, cap=20).wait(9_999_998, jitter=1) == 20


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Retry().attempts = 7  # type: ignore[misc]


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, None),
        ({"COREDATA_API_USER": ""}, None),
        ({"COREDATA_API_USER": "  "}, None),
        ({"COREDATA_API_USER": " padme\n"}, "padme"),
    ],
)
def test_an_empty_setting_counts_as_unset(environ: dict[str, str], found: str | None) -> None:
    assert setting(environ, "COREDATA_API_USER") == found


@pytest.mark.parametrize(("text", "value"), [("", None), ("0", 0.0), ("2.5", 2.5), (" 30 ", 30.0)])
def test_a_number_is_read(text: str, value: float | None) -> None:
    assert number({"COREDATA_TIMEOUT": text}, "COREDATA_TIMEOUT") == value


@pytest.mark.parametrize("text", ["-1", "soon", "nan", "inf", "1e999", "5s"])
def test_what_is_not_a_number_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="COREDATA_TIMEOUT must be a number of 0 or more"):
        number({"COREDATA_TIMEOUT": text}, "COREDATA_TIMEOUT")
