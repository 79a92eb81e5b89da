"""The limit of nesting: exact, and checked without recursion."""

import pytest

from coredata_async.message import Reply
from coredata_async.nesting import LEVELS, TooDeepError, check_depth


def nested(levels: int, *, objects: bool = False) -> object:
    value: object = "x"
    for _ in range(levels):
        value = {"a": value} if objects else [1, value]
    return value


@pytest.mark.parametrize("objects", [False, True])
def test_as_many_levels_as_allowed_are_returned_as_they_are(objects: bool) -> None:
    value = nested(LEVELS, objects=objects)

    assert check_depth(value) is value


@pytest.mark.parametrize("objects", [False, True])
@pytest.mark.parametrize("levels", [LEVELS + 1, 50_000])
def test_more_are_refused(levels: int, objects: bool) -> None:
    with pytest.raises(TooDeepError, match="more than 100 levels"):
        check_depth(nested(levels, objects=objects))


@pytest.mark.parametrize("value", [None, 1, "x", [], {}])
def test_what_is_not_nested_is_returned(value: object) -> None:
    assert check_depth(value) == value


@pytest.mark.parametrize("levels", [LEVELS + 1, 99_999])
def test_the_json_of_a_reply_is_limited_too(levels: int) -> None:
    with pytest.raises(ValueError, match="nested more than 100"):
        Reply(200, body=b"[" * levels + b"]" * levels).json()
