"""Tests of query strings: what is encoded, and what cannot be sent."""

import pytest

from coredata_async.errors import ConfigurationError
from coredata_async.query_string import encode_pairs
from coredata_async.sandbox import Sandbox


def test_names_and_values_are_percent_encoded_and_safe_characters_are_not() -> None:
    assert (
        encode_pairs([("task[name]", "Zoë & co"), ("t", "12:00,x")])
        == "task%5Bname%5D=Zo%C3%AB%20%26%20co&t=12%3A00%2Cx"
    )
    assert encode_pairs([("t", "12:00,x")], safe=":,") == "t=12:00,x"
    assert encode_pairs([]) == ""


@pytest.mark.parametrize("pairs", [[("a", "b\ud800c")], [("\udfff", "b")]])
def test_half_of_a_surrogate_pair_is_an_error_that_names_it(pairs) -> None:
    with pytest.raises(ConfigurationError, match=r"^'\\ud[8f][0f][0f]' is half of a surrogate pair"):
        encode_pairs(pairs)


async def test_filters_and_free_queries_that_cannot_be_sent_are_errors_before_a_request() -> None:
    async with Sandbox() as box, box.client() as client:
        with pytest.raises(ConfigurationError, match="half of a surrogate pair"):
            await client.files.list(parent="\ud800")
        with pytest.raises(ConfigurationError, match="half of a surrogate pair"):
            await client.request("GET", "/api/v2/files/", query={"title": "\ud800"})
