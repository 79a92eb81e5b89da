"""Entries of a table that others may have damaged: they are errors, or count as empty."""

from math import inf, nan
from types import SimpleNamespace

import pytest

from coredata_async.bulk.options import JobSpec
from coredata_async.cluster.attempts import describe_attempt, find_reason, forget_attempts, note_death
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.messages import JobRecord, parse_sources
from coredata_async.cluster.progress import Progress
from coredata_async.cluster.shard_work import is_closed, latest_journal
from coredata_async.cluster.table import Row, decode, number
from coredata_async.cluster.take import Pulse
from coredata_async.errors import ConfigurationError

ODD = [nan, inf, -inf, 10**400, "1", None, [], {}]
JOB = JobRecord(id="j", sources=parse_sources(["fs01:/"]), parent="p", spec=JobSpec(), created=0.0)


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"[" * 100_000, b'{"a":' * 100_000])
def test_an_entry_that_is_not_an_object_is_an_error(data: bytes) -> None:
    with pytest.raises(ClusterError, match="it is not a JSON object"):
        decode(data, "the entry x")


@pytest.mark.parametrize("value", ODD)
def test_a_number_that_nothing_can_be_computed_with_counts_as_none(value: object) -> None:
    assert number({"files": value}, "files") == 0


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "name", ["deaths", "failures", "refusals", "progress", "done", "retries", "attempts"]
)
def test_a_damaged_count_of_attempts_ends_no_worker(name: str, value: object) -> None:
    fields = {"deaths": 30, "failures": 30, name: value}

    find_reason("scan", fields)
    describe_attempt("shard", fields)
    forget_attempts(fields, "open")
    note_death(fields, "worker", None)

    assert find_reason("scan", {**fields, "failures": 30}) is not None


@pytest.mark.parametrize("attempts", [[1], [{}], ["x"], [None], {"a": 1}])
def test_attempts_without_a_reason_are_ignored(attempts: object) -> None:
    reason = find_reason("shard", {"deaths": 30, "failures": 30, "attempts": attempts})

    assert reason is not None
    assert "it is not known" in reason


@pytest.mark.parametrize("value", ODD)
def test_an_entry_with_an_odd_length_or_state_is_one_like_others(value: object) -> None:
    pulse = Pulse(clock=lambda: 0.0)

    assert pulse.is_alive(Row("k", {"length": value}, 1))
    assert not is_closed(Row("k", {"state": value}, 1))


@pytest.mark.parametrize("changed", [{"created": 10**400}, {"created": nan}, {"sent_until": "2026-11-29"}])
def test_a_job_that_cannot_be_computed_with_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        JobRecord.from_row(Row("j", {**JOB.to_dict(), **changed}, 1))


@pytest.mark.parametrize(
    "key", ["scan.x", "scan.1", f"scan.{'9' * 5000}", "shard.0", "shard.-1.0.0", "scan.0.1"]
)
async def test_entries_that_are_no_scan_or_shard_of_the_job_are_ignored(key: str) -> None:
    async def rows() -> dict[str, Row]:
        return {each: Row(each, {"files": 7}, 1) for each in (key, "scan.0")}

    progress = await Progress.read(SimpleNamespace(rows=rows), JOB)

    assert [row.key for row in (*progress.scans, *progress.shards)] == ["scan.0"]


async def test_an_epoch_of_millions_is_not_counted_down() -> None:
    asked: list[str] = []

    async def get(name: str) -> bytes | None:
        asked.append(name)
        return b"the plan" if name == "shard.0.1.0" else None

    assert await latest_journal(SimpleNamespace(get=get), "shard.0.1.0", 10**12) == b"the plan"
    assert len(asked) < 2000
