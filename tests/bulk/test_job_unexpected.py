"""Unexpected exceptions around the registration of a file: it is looked up, and never duplicated."""

from collections import Counter

import pytest

from coredata_async.bulk import Effort
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.run.context import RunContext
from coredata_async.storage.paths import Fingerprint
from coredata_async.transfer.lookup import Lookup
from tests.bulk.rig import check_mirrored, check_report, files_twice
from tests.rig import QUICK
from tests.transfer.test_unexpected import BoomError, inject


@pytest.fixture
def jobs(jobs, client):
    jobs.client = client.with_options(retry=QUICK, hooks=[lambda _: None])
    return jobs


@pytest.mark.parametrize("when", ["after the exchange", "in the log", "in the retry"])
async def test_a_file_is_looked_up_after_an_error_that_came_after_it_was_sent(
    box, jobs, tree, monkeypatch, when
) -> None:
    """Test folders as well."""
    inject(monkeypatch, when, BoomError())

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_a_file_has_failed_after_an_error_that_came_before_it_was_sent(
    box, jobs, tree, monkeypatch
) -> None:
    ran = await jobs.run(tree)
    check_mirrored(box, ran, tree, below=box.project, inside="tree")
    (tree / "d0" / "new.txt").write_bytes(b"new")
    inject(monkeypatch, "before the exchange", BoomError())

    ran = await jobs.run(tree)

    check_report(ran)
    assert (ran.report.counts.failed, ran.report.counts.done) == (1, 12)
    assert len(box.state.files) == 12


async def test_a_file_is_looked_up_if_its_response_cannot_be_recorded(box, jobs, tree, monkeypatch) -> None:
    genuine, raised = RunContext.confirm, []

    async def confirmed(self: RunContext, *args) -> None:
        if not raised:  # the first call comes from a worker
            raised.append(1)
            raise BoomError
        await genuine(self, *args)

    monkeypatch.setattr(RunContext, "confirm", confirmed)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_a_worker_process_reports_an_unexpected_response_as_unknown(box, client, jobs, tree) -> None:
    """Answer with a redirect and a date beyond any calculation. Workers accept only clients without hooks."""
    jobs.client = client
    box.faults.status(
        "files.register", 302, done=True, times=2, headers={"Date": "Fri, 31 Dec 9999 23:59:59 -2359"}
    )

    ran = await jobs.run(tree, effort=Effort(adaptive=False), processes=2)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")
    assert not files_twice(box)


async def test_a_file_that_cannot_be_looked_up_is_unresolved_and_the_others_are_uploaded(
    box, jobs, tree, monkeypatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise BoomError

    box.faults.reset_after("files.register", times=1)
    with monkeypatch.context() as patch:
        patch.setattr(Lookup, "find", fails)
        ran = await jobs.run(tree)

    check_report(ran)
    assert (ran.report.counts.done, ran.report.counts.unresolved) == (11, 1)
    assert "unexpected BoomError" in ran.report.unresolved[0].message

    check_mirrored(box, await jobs.run(tree), tree, below=box.project, inside="tree")


async def test_an_unexpected_error_after_a_lost_file_was_found_leaves_it_unresolved(
    box, jobs, tree, monkeypatch
) -> None:
    box.faults.reset_after("files.register", times=1)
    look = RunContext.stat
    looks: Counter[int] = Counter()

    def look_oddly(self: RunContext, item: Item) -> Fingerprint:
        looks[item.id] += 1
        if item.unconfirmed and looks[item.id] > 1:
            raise BoomError
        return look(self, item)

    monkeypatch.setattr(RunContext, "stat", look_oddly)

    ran = await jobs.run(tree)

    check_report(ran)
    assert (ran.report.counts.done, ran.report.counts.unresolved) == (11, 1)
    assert "unexpected BoomError" in ran.report.unresolved[0].message
    monkeypatch.undo()

    check_mirrored(box, await jobs.run(tree), tree, below=box.project, inside="tree")
