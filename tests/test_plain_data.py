"""Plain data of other processes: a field that cannot be used is an error that names it."""

from math import inf, nan

import pytest

from coredata_async.errors import ConfigurationError
from coredata_async.plain_data import PlainData


@pytest.mark.parametrize("value", [nan, inf, -inf, 10**400, -(10**400), True, "1", None, [1]])
def test_only_a_finite_number_is_a_number(value: object) -> None:
    with pytest.raises(ConfigurationError, match="an entry: 'length' must be"):
        PlainData({"length": value}, "an entry").number("length")


@pytest.mark.parametrize("value", [0, -1, 1.5, 10**300])
def test_a_finite_number_is_read_as_a_float(value: float) -> None:
    assert PlainData({"length": value}, "an entry").number("length") == float(value)


@pytest.mark.parametrize("text", ["2026-11-29T08:00:00", "yesterday", "", "9" * 5000])
def test_a_time_without_a_zone_cannot_be_compared_and_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="a time with its zone") as caught:
        PlainData({"ended": text}, "an entry").time("ended")

    assert len(str(caught.value)) < 200
