"""What a job is told: values that say at once what is wrong with them."""

import pytest

from coredata_async.bulk import Effort
from coredata_async.errors import ConfigurationError


@pytest.mark.parametrize(
    ("concurrency", "processes", "workers"), [(None, 1, 64), (None, 3, 192), (10, 3, 10)]
)
def test_concurrency_is_as_set_or_a_number_for_each_process(concurrency, processes, workers) -> None:
    assert Effort(concurrency=concurrency, processes=processes).worker_count == workers


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"concurrency": 0}, "concurrency must be 1 or more"),
        ({"bwlimit": 0}, "bwlimit must be more than 0"),
        ({"max_duration": -1.0}, "max_duration must be more than 0"),
        ({"patience": -1.0}, "patience and drain must be 0 or more"),
    ],
)
def test_an_effort_that_cannot_be_is_refused(option, words):
    with pytest.raises(ConfigurationError, match=words):
        Effort(**option)
