"""Division of a job's limits: never more than one process alone has."""

import pytest

from coredata_async import Limits, Retry
from coredata_async.bulk.workers.limits import split_limits
from coredata_async.errors import ConfigurationError


@pytest.mark.parametrize("processes", [2, 3, 5, 8, 16, 31])
def test_requests_and_retries_add_up_to_those_of_one_process(processes) -> None:
    limits, retry = Limits(rate=50.0), Retry(budget=500)
    found = split_limits(limits, retry, processes)

    for name in ("connections", "concurrency", "rate"):
        parent, worker = getattr(found.parent.limits, name), getattr(found.worker.limits, name)
        assert parent > 0
        assert worker > 0
        assert parent + worker * processes <= getattr(limits, name) * 1.000001
    assert found.parent.retry.budget + found.worker.retry.budget * processes == pytest.approx(500)


def test_two_workers_have_most_of_the_limits() -> None:
    found = split_limits(Limits(), Retry(), 2)

    assert found.parent.limits == Limits(connections=8, concurrency=4)
    assert found.worker.limits == Limits(connections=28, concurrency=14, uploads=4, open_files=32)


def test_without_a_rate_no_rate_is_set_and_waits_do_not_change() -> None:
    found = split_limits(Limits(), Retry(settle=7, attempts=3), 4)

    assert found.worker.limits.rate is None
    assert (found.worker.retry.settle, found.worker.retry.attempts) == (7, 3)


def test_each_worker_may_stream_one_file() -> None:
    found = split_limits(Limits(uploads=1, open_files=1), Retry(), 4)

    assert (found.worker.limits.uploads, found.worker.limits.open_files) == (1, 1)


@pytest.mark.parametrize("limits", [Limits(connections=4), Limits(concurrency=2)])
def test_more_processes_than_can_share_are_refused(limits) -> None:
    with pytest.raises(ConfigurationError, match=r"4 processes cannot share Limits\.conn|Limits\.conc"):
        split_limits(limits, Retry(), 4)
