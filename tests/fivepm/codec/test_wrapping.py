"""Tests of the service's own error messages, at every place in a reply."""

import time

from coredata_async.fivepm.codec.wrapping import message_of


def test_the_time_to_find_the_words_grows_with_the_size_and_not_with_its_power() -> None:
    tree: dict = {"error": {}}
    for _ in range(60):
        tree = {"error": tree}
    began = time.perf_counter()

    assert message_of(tree) == ""
    assert time.perf_counter() - began < 1
