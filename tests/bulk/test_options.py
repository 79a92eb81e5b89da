"""Options of a job: their values are checked at once."""

import pytest

from coredata_async.bulk import Effort
from coredata_async.errors import ConfigurationError


@pytest.mark.parametrize(
    ("concurrency", "processes", "workers"), [(None, 1, 64), (None, 3, 192), (10, 3, 10)]
)
def test_concurrency_is_the_given_number_or_a_number_per_process(concurrency, processes, workers) -> None:
    assert Effort(concurrency=concurrency, processes=processes).worker_count == workers


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"concurrency": 0}, "concurrency must be 1 or more"),
        ({"bwlimit": 0}, "bwlimit must be more than 0"),
        ({"max_duration": -1.0}, "max_duration must be more than 0"),
        ({"patience": -1.0}, "patience and drain must be 0 or more"),
    ],
)
def test_an_invalid_effort_is_refused(option, message):
    with pytest.raises(ConfigurationError, match=message):
        Effort(**option)
