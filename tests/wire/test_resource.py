"""Paging options of a listing."""

import pytest

from coredata_async.errors import ConfigurationError
from coredata_async.wire.resource import Paging


@pytest.mark.parametrize("page_size", [0, -1])
def test_a_page_holds_at_least_one(page_size: int) -> None:
    with pytest.raises(ConfigurationError, match="page_size must be 1 or more"):
        Paging(page_size=page_size)


def test_nobody_starts_before_the_beginning() -> None:
    with pytest.raises(ConfigurationError, match="offset 0 or more"):
        Paging(offset=-1)


def test_the_server_may_be_left_to_choose_the_page_size() -> None:
    assert Paging(page_size=None).page_size is None
