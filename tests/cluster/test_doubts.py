"""Results of a machine for which everything is refused count only if another machine has the same."""

from datetime import UTC, datetime, timedelta

import pytest

from coredata_async.bulk.states import Counts, Ended, Reason
from coredata_async.cluster.attempts import describe_attempt, read_attempts
from coredata_async.cluster.doubts import Doubts, is_doubtful
from coredata_async.cluster.table import Row
from tests.bulk.reports import a_report

NOW = datetime(2026, 11, 29, tzinfo=UTC)


class Workers:
    """A cluster with some workers: host, share, seconds since their last renewal, and how they ended."""

    member = "here.1.a"

    def __init__(self, *workers: tuple[str, str, float, int | None]) -> None:
        self.workers = [("here", "fs01", 0.0, None), *workers]

    async def table(self, name: str):
        return self

    async def rows(self) -> dict[str, Row]:
        found = {}
        for number, (host, share, age, ended) in enumerate(self.workers):
            fields = {"host": host, "shares": [share], "length": 30.0}
            if ended is not None:
                fields["ended"] = ended
            found[str(number)] = Row(str(number), fields, 1, NOW - timedelta(seconds=age))
        return found


THERE = ("there", "fs01", 3.0, None)


def doubts(*workers: tuple[str, str, float, int | None]) -> Doubts:
    return Doubts(Workers(*workers), "here")


async def test_a_doubtful_result_is_left_to_another_machine_with_the_reason() -> None:
    fields: dict[str, object] = {}

    assert await doubts(THERE).add(fields, "fs01", "403 for all")
    assert await doubts(THERE).keep_out(Row("shard.0.1.0", fields, 1), "fs01")
    assert fields["doubted"] == ["here"]
    assert read_attempts(fields)[0]["reason"] == "403 for all; another machine tries it, too"
    assert describe_attempt("shard", fields)[1] == 1


async def test_a_result_that_another_machine_has_had_counts() -> None:
    fields: dict[str, object] = {"doubted": ["there"]}

    assert not await doubts(THERE).keep_out(Row("shard.0.1.0", fields, 1), "fs01")
    assert not await doubts(THERE).add(fields, "fs01", "403 for all")


async def test_a_machine_that_has_not_tried_yet_is_waited_for_until_four_have() -> None:
    third, fourth = ("third", "fs01", 3.0, None), ("fourth", "fs01", 3.0, None)
    fields: dict[str, object] = {"doubted": ["there"]}

    assert await doubts(THERE, third).add(fields, "fs01", "403 for all")
    assert await doubts(THERE, third).keep_out(Row("shard.0.1.0", fields, 1), "fs01")
    assert not await doubts(THERE).keep_out(Row("shard.0.1.0", fields, 1), "fs01")

    fields["doubted"] = ["there", "third", "another"]
    assert not await doubts(THERE, third, fourth).add(fields, "fs01", "403 for all")


@pytest.mark.parametrize(
    "other",
    [
        ("here", "fs01", 3.0, None),
        ("there", "fs02", 3.0, None),
        ("there", "fs01", 31.0, None),
        ("there", "fs01", 3.0, -9),
    ],
    ids=["same machine", "other share", "lost", "ended"],
)
async def test_a_result_counts_if_no_other_machine_can_give_a_better_one(
    other: tuple[str, str, float, int | None],
) -> None:
    fields: dict[str, object] = {"doubted": ["here"]}

    assert not await doubts(other).keep_out(Row("shard.0.1.0", fields, 1), "fs01")
    assert not await doubts(other).add(fields, "fs01", "403 for all")


@pytest.mark.parametrize(
    ("ended", "failed", "done", "expected"),
    [
        ("complete", {}, 5, False),
        ("complete", {Reason.REFUSED: 1}, 1, False),
        ("complete", {Reason.REFUSED: 5}, 0, True),
        ("complete", {Reason.STORAGE: 5}, 0, True),
        ("complete", {Reason.FOLDER: 5}, 0, True),
        ("complete", {Reason.UNREADABLE: 5}, 0, False),
        ("error", {Reason.REFUSED: 30}, 500, True),
        ("clock", {}, 0, True),
    ],
)
def test_a_result_is_doubtful_if_nothing_was_accepted_or_different_files_were_refused(
    ended: Ended, failed: dict[Reason, int], done: int, expected: bool
) -> None:
    assert is_doubtful(a_report(ended=ended, failed_by=failed, fresh=Counts(done=done))) is expected


@pytest.mark.parametrize(("planned", "skipped", "expected"), [(5, 0, True), (6, 1, False), (0, 0, False)])
def test_a_result_is_doubtful_if_no_file_could_be_read(planned: int, skipped: int, expected: bool) -> None:
    failed = planned - skipped
    counts = Counts(planned=planned, skipped=skipped, failed=failed)

    assert is_doubtful(a_report(counts=counts, failed_by={Reason.UNREADABLE: failed})) is expected
