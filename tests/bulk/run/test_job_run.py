"""A repeated job names every File that it has, in events and in the report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk import FileDone, FileSkipped, Reason, UploadJob
from coredata_async.bulk.report.report import as_json
from coredata_async.bulk.run.context import BitSet


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.txt", "sub/b.txt"):
        (folder / name).write_text(name)
    return folder


async def events_of(job):
    async with job:
        return [event async for event in job]


async def test_a_finished_job_publishes_its_files_again(client, box, tree, tmp_path):
    def job(name):
        return UploadJob(client, [tree], parent=box.project, journal=tmp_path / name)

    first = {each.path: each for each in await events_of(job("one")) if isinstance(each, FileDone)}
    assert len(first) == 2
    assert not any(each.earlier for each in first.values())

    again = {each.path: each for each in await events_of(job("one")) if isinstance(each, FileDone)}
    assert {path: each.file_id for path, each in again.items()} == {
        path: each.file_id for path, each in first.items()
    }
    assert all(each.earlier for each in again.values())

    report = await job("one").run()
    assert {each.path: each.file_id for each in report.files} == {
        path: each.file_id for path, each in first.items()
    }
    assert report.files_total == 2
    assert {each["file_id"] for each in as_json(report)["files"]} == {each.file_id for each in first.values()}


async def test_files_that_are_skipped_as_the_same_are_published(client, box, tree, tmp_path):
    def job(name):
        return UploadJob(client, [tree], parent=box.project, journal=tmp_path / name)

    first = {each.path: each.file_id for each in await events_of(job("one")) if isinstance(each, FileDone)}

    for earlier in (False, True):  # another job: the server has the files; then the same job again
        events = await events_of(job("two"))
        skipped = [each for each in events if isinstance(each, FileSkipped)]
        assert {each.path: each.file_id for each in skipped} == first
        assert {(each.reason, each.earlier) for each in skipped} == {(Reason.SAME, earlier)}

    report = await job("two").run()
    assert ({each.path: each.file_id for each in report.files}, report.files_total) == (first, 2)


@given(st.sets(st.integers(0, 50_000), max_size=30), st.integers(0, 60_000))
def test_reported_items_are_remembered(items, other):
    reported = BitSet()
    for item in items:
        reported.add(item)

    assert all(item in reported for item in items)
    assert (other in reported) == (other in items)
