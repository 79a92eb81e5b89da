"""Single values, in any form. `test_convert` tests the errors of models."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.wire.scalars import moment


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2023-10-25T19:01:18", datetime(2023, 10, 25, 19, 1, 18, tzinfo=UTC)),
        ("2023-10-25T19:01:18Z", datetime(2023, 10, 25, 19, 1, 18, tzinfo=UTC)),
        ("2014-10-03T03:51:37.810505", datetime(2014, 10, 3, 3, 51, 37, 810505, tzinfo=UTC)),
        ("2014-10-03T03:51:37.810505+00:00", datetime(2014, 10, 3, 3, 51, 37, 810505, tzinfo=UTC)),
        ("2014-10-03T03:51:37:234123", datetime(2014, 10, 3, 3, 51, 37, 234123, tzinfo=UTC)),
        ("2014-10-03T03:51:37+02:00", datetime(2014, 10, 3, 1, 51, 37, tzinfo=UTC)),
        ("2016-10-10", datetime(2016, 10, 10, tzinfo=UTC)),
        ("2016-10-10T00:00", datetime(2016, 10, 10, tzinfo=UTC)),
    ],
)
def test_every_form_of_a_timestamp_is_an_aware_datetime(text: str, when: datetime) -> None:
    assert moment(text) == when
    assert moment(text).tzinfo is not None


def test_an_offset_is_kept() -> None:
    assert moment("2014-10-03T03:51:37+02:00").tzinfo == timezone(timedelta(hours=2))


@pytest.mark.parametrize("text", ["soon", "2023-13-01T00:00:00", "::::::", "2023"])
def test_what_is_not_a_timestamp_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        moment(text)


@given(st.text())
def test_no_text_can_make_a_timestamp_raise_anything_else(text: str) -> None:
    with suppress(ValueError):
        assert moment(text).tzinfo is not None
