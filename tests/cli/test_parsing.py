"""Tests of sizes, durations and ages: their meaning, and the texts that are refused rather than guessed."""

import contextlib

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.cli.parsing import duration, moment_at, size

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("500", 500),
        ("1K", 1024),
        ("1k", 1024),
        ("64KiB", 65_536),
        ("64kib", 65_536),
        ("2M", 2 << 20),
        ("1.5G", 1536 << 20),
        ("0.5", 0),
        ("1T", 1 << 40),
        (" 7 ", 7),
        ("9007199254740993", 9_007_199_254_740_993),
    ],
)
def test_sizes(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "K",
        "-1",
        "+1",
        "1KB",
        "1 K",
        "1e6",
        "1.K",
        ".5K",
        "1P",
        "nan",
        "\u0661K",
        "1_000",
        "1K1K",
        "1" * 40,
    ],
)
def test_text_that_is_not_a_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("0", 0),
        ("1.5", 1.5),
        ("2h30m", 9000),
        ("1.5h", 5400),
        ("7d", 604_800),
        ("1w2d3h4m5s", 788_645),
        (" 5m ", 300),
    ],
)
def test_spans(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "h", "30m2h", "1h1h", "1h 30m", "2H", "-5s", "1..5s", "1.s", "5x", "1h30", "inf", "\u0663s"]
)
def test_text_that_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        duration(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("7d", NOW - 604_800),
        ("1h30m", NOW - 5400),
        ("2023-11-14", 1_699_920_000.0),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T23:13:20+01:00", NOW),
    ],
)
def test_moments(text: str, at: float) -> None:
    assert moment_at(text, NOW) == at


@pytest.mark.parametrize("text", ["", "7", "yesterday", "2023-11-14T22:13:20", "2023-13-01", "d7"])
def test_text_that_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="7d or 12h"):
        moment_at(text, NOW)


@given(st.text())
def test_any_text_is_a_value_or_a_matter_of_usage(text: str) -> None:
    for read in (size, duration, lambda text: moment_at(text, NOW)):
        with contextlib.suppress(click.BadParameter):
            assert read(text) is not None


@given(st.integers(0, 10**15))
def test_plain_numbers_are_bytes(count: int) -> None:
    assert size(str(count)) == count
