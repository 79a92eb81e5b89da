"""Attempts that failed: which count, when the count begins again, and how many are too many."""

import pytest

from coredata_async.bulk.states import JobInputError
from coredata_async.cluster.attempts import (
    MAX_DEATHS,
    MAX_FAILURES,
    MAX_REFUSALS,
    describe_attempt,
    describe_end,
    find_reason,
    forget_attempts,
    is_refusal,
    note_death,
    note_error,
    read_attempts,
)
from coredata_async.cluster.errors import AccountMismatchError, ClusterError, LostJournalError
from coredata_async.cluster.table import Row
from coredata_async.errors import ConfigurationError, CoreDataError


def die(fields: dict[str, object], times: int = 1) -> None:
    for number in range(times):
        note_death(fields, f"w{number}", None)


def test_a_shard_is_given_up_after_five_deaths_and_says_how_the_last_process_ended() -> None:
    fields: dict[str, object] = {}
    die(fields, MAX_DEATHS - 1)
    assert find_reason("shard", fields) is None

    note_death(fields, "last", Row("last", {"ended": -11}, 1))

    reason = find_reason("shard", fields)
    assert reason is not None
    assert "SIGSEGV" in reason
    assert MAX_DEATHS == 5


def test_a_scan_may_end_more_processes_because_none_of_its_work_is_kept() -> None:
    fields: dict[str, object] = {}
    die(fields, MAX_FAILURES - 1)
    assert find_reason("scan", fields) is None

    die(fields)

    assert find_reason("scan", fields) is not None


def test_an_owner_that_completes_more_files_than_any_before_begins_the_count_again() -> None:
    fields: dict[str, object] = {"done": 10}
    die(fields, MAX_DEATHS - 1)
    fields["done"] = 11
    die(fields)
    assert (fields["deaths"], find_reason("shard", fields)) == (1, None)
    fields["done"] = 3  # the next owner had an older checkpoint

    die(fields, MAX_DEATHS - 1)

    assert find_reason("shard", fields) is not None


@pytest.mark.parametrize(
    "error", [ClusterError("no answer"), AccountMismatchError("the key of another account")]
)
def test_an_error_that_the_service_nats_or_the_worker_causes_does_not_count(error: CoreDataError) -> None:
    fields: dict[str, object] = {}

    note_error(fields, "w", error)

    assert fields == {}


def test_an_error_that_every_attempt_meets_counts() -> None:
    fields: dict[str, object] = {}
    for _ in range(MAX_FAILURES):
        assert find_reason("shard", fields) is None
        note_error(fields, "w", LostJournalError("the cluster has lost the journal of x"))

    reason = find_reason("shard", fields)

    assert reason is not None
    assert "lost the journal of x" in reason
    assert fields["deaths"] == 0


def refuse(fields: dict[str, object], times: int = 1) -> None:
    for number in range(times):
        note_error(fields, f"w{number}", JobInputError("parent: p is a File"))


def test_a_scan_whose_parent_or_source_is_wrong_is_given_up_after_three_attempts_with_that_reason() -> None:
    fields: dict[str, object] = {}
    refuse(fields, MAX_REFUSALS - 1)
    assert find_reason("scan", fields) is None

    refuse(fields)

    assert find_reason("scan", fields) == "parent: p is a File (3 attempts)"
    assert find_reason("shard", fields) is None
    assert find_reason("scan", forget_attempts(fields, "open")) is None


def test_attempts_that_ended_otherwise_separate_those_at_a_wrong_source() -> None:
    fields: dict[str, object] = {}
    refuse(fields, MAX_REFUSALS - 1)
    die(fields)
    refuse(fields, MAX_REFUSALS - 1)
    assert find_reason("scan", fields) is None

    note_error(fields, "w", ClusterError("no answer"))
    refuse(fields)

    assert find_reason("scan", fields) is not None


def test_only_a_scan_with_a_wrong_parent_or_source_is_tried_again_soon() -> None:
    assert is_refusal("scan", JobInputError("x"))
    assert not is_refusal("shard", JobInputError("x"))
    assert not is_refusal("scan", ConfigurationError("the journal is on a network file system"))


def test_the_last_attempt_is_described_with_its_number_and_the_maximum() -> None:
    fields: dict[str, object] = {}
    assert describe_attempt("scan", fields) is None
    refuse(fields, 2)
    assert describe_attempt("scan", fields) == ("parent: p is a File", 2, MAX_REFUSALS)
    assert describe_attempt("shard", fields) == ("parent: p is a File", 2, MAX_FAILURES)
    die(fields)
    assert describe_attempt("scan", fields) == ("it did not renew its lease", 3, MAX_FAILURES)
    killed: dict[str, object] = {}
    die(killed)
    assert describe_attempt("shard", killed) == ("it did not renew its lease", 1, MAX_DEATHS)


def test_the_last_reasons_are_kept_and_cut() -> None:
    fields: dict[str, object] = {}
    for number in range(9):
        note_error(fields, f"w{number}", LostJournalError("x" * 1000))

    attempts = read_attempts(fields)

    assert [each["worker"] for each in attempts] == ["w4", "w5", "w6", "w7", "w8"]
    assert all(len(str(each["reason"])) == 300 for each in attempts)


def test_a_task_that_is_tried_again_has_no_failures() -> None:
    fields: dict[str, object] = {"id": "a", "state": "dead", "reason": "x", "epoch": 6}
    die(fields, 5)

    again = forget_attempts(fields, "open")

    assert again == {"id": "a", "state": "open", "epoch": 6, "retries": 1}
    assert forget_attempts(again, "open")["retries"] == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (None, "did not renew"),
        ({}, "did not renew"),
        ({"ended": -9}, "killed by SIGKILL"),
        ({"ended": -200}, "killed by signal 200"),
        ({"ended": 1}, "exit code 1"),
    ],
)
def test_the_end_of_a_process_is_described(fields: dict[str, object] | None, words: str) -> None:
    assert words in describe_end(None if fields is None else Row("w", fields, 1))
