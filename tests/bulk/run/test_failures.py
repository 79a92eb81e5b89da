"""Refusals fail the files concerned; only different files that are refused for the same reason end a run."""

import sqlite3
from pathlib import Path

import pytest

from coredata_async import APIStatusError, BadRequestError, StorageError
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.run.failures import (
    REFUSALS,
    RefusedFiles,
    cause_of,
    count_refusal,
    is_explained,
)
from coredata_async.bulk.states import State
from coredata_async.message import Reply, Request
from coredata_async.sandbox.answer import refuse
from coredata_async.sandbox.bucket import LocalBucket
from coredata_async.storage.paths import Fingerprint
from tests.bulk.rig import check_mirrored, check_report, make_tree, remote_truth


def an_item(number: int, *, folder: int = 1, filename: str = "a.txt", size: int = 5) -> Item:
    return Item(number, folder, b"/a", filename, Fingerprint(size, 0, 0, 0), State.PLANNED)


def refused_files(*items: Item) -> RefusedFiles:
    refused = RefusedFiles()
    for item in items:
        refused.add(item)
    return refused


def a_journal(*rows: tuple[int, str, int, State]) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE item (folder, filename, size, state)")
    db.executemany("INSERT INTO item VALUES (?, ?, ?, ?)", [(*row[:3], int(row[3])) for row in rows])
    return db


def error(status: int, text: str) -> APIStatusError:
    return BadRequestError(text, Request("POST", "/api/"), Reply(status), service_message=text)


def test_refusals_are_equal_regardless_of_names_ids_and_numbers() -> None:
    assert cause_of(error(400, "'a.txt' has 17 bytes")) == cause_of(error(400, "'b.pdf' has 4 bytes"))
    assert cause_of(error(400, "the name is too long")) != cause_of(error(400, "the file is empty"))
    assert cause_of(error(400, "no")) != cause_of(error(403, "no"))
    assert cause_of(StorageError("x", stage="put", status=403, storage_code="A")) != cause_of(
        StorageError("x", stage="put", status=403, storage_code="B")
    )


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([an_item(1), an_item(2)], ["folder", "extension", "size"]),
        ([an_item(1, size=0), an_item(2, folder=2, filename="b.pdf", size=0)], ["size"]),
        ([an_item(1), an_item(2, folder=2, size=5000)], ["extension"]),
        ([an_item(1, filename="a.TXT"), an_item(2, folder=2, size=0)], ["extension"]),
        ([an_item(1), an_item(2, folder=2, filename="b", size=0)], []),
    ],
)
def test_common_traits_of_refused_files_are_found(items, text) -> None:
    assert [trait.label for trait in refused_files(*items).traits()] == text


EMPTY = refused_files(*(an_item(n, folder=n, filename=f"a.{n}", size=0) for n in range(3))).traits()
ENDING = refused_files(*(an_item(n, folder=n, filename="a_%.x%_", size=9**n) for n in range(9))).traits()
BARE = refused_files(*(an_item(n, folder=n, filename="README", size=9**n) for n in range(9))).traits()


@pytest.mark.parametrize(
    ("traits", "others", "explained"),
    [
        pytest.param(EMPTY, [(9, "b", 1, State.PLANNED)], True, id="others are to be tried"),
        pytest.param(EMPTY, [(9, "b", 1, State.DONE)], True, id="others were accepted"),
        pytest.param(EMPTY, [(9, "b", 1, State.FAILED)], False, id="others failed, too"),
        pytest.param(EMPTY, [(9, "b", 1, State.SKIPPED)], False, id="others were skipped"),
        pytest.param(EMPTY, [(9, "b", 0, State.PLANNED)], False, id="without others"),
        pytest.param(
            EMPTY, [(9, "b", 0, State.DONE), (9, "c", 1, State.PLANNED)], False, id="alike, and accepted"
        ),
        pytest.param(ENDING, [(9, "b.txt", 1, State.PLANNED)], True, id="another ending"),
        pytest.param(ENDING, [(9, "b.X%_", 1, State.PLANNED)], False, id="the same ending"),
        pytest.param(BARE, [(9, "b.txt", 1, State.PLANNED)], True, id="an ending, and none"),
        pytest.param(BARE, [(9, ".hidden", 1, State.PLANNED)], False, id="none either"),
        pytest.param([], [(9, "b", 1, State.PLANNED)], False, id="nothing in common"),
    ],
)
def test_a_common_trait_explains_refusals_if_others_may_be_accepted(traits, others, explained) -> None:
    assert is_explained(a_journal(*others), traits, scanned=True) == explained


def test_during_the_scan_other_files_may_still_be_found() -> None:
    assert is_explained(a_journal(), EMPTY, scanned=False)
    assert not is_explained(a_journal(), [], scanned=False)


def test_a_success_resets_the_count_and_reasons_are_counted_separately() -> None:
    refusals: dict[str, RefusedFiles] = {}
    for number in range(REFUSALS - 1):
        assert count_refusal(refusals, an_item(number), "a") is None
        assert count_refusal(refusals, an_item(number), "b") is None
    assert count_refusal(refusals, an_item(0), "a") is not None

    refusals.clear()  # as after a success

    assert count_refusal(refusals, an_item(0), "b") is None


@pytest.mark.parametrize("reason", ["PayloadTooLargeError 413", "StorageError 400 EntityTooLarge"])
def test_a_file_that_is_too_large_does_not_count(reason) -> None:
    refusals: dict[str, RefusedFiles] = {}

    assert not any(count_refusal(refusals, an_item(n, folder=n, size=9**n), reason) for n in range(100))


def a_mixed_tree(root: Path) -> Path:
    """Create 60 files whose names say that they are bad, before 60 others."""
    bad = {f"a{n % 3}/bad{n:03}.exe": f"bad {n}".encode() for n in range(60)}
    good = {f"b{n % 3}/good{n:03}.txt": f"good {n}".encode() for n in range(60)}
    return make_tree(root, {**bad, **good})


@pytest.fixture
def refuse_programs(monkeypatch) -> None:
    """Let the service refuse to reserve blobs for programs, as a filter would."""
    presign = LocalBucket.presign_put

    def presign_documents(bucket, blob: str, content_length: int, content_type: str | None) -> str:
        if content_type in {"application/x-msdos-program", "application/x-msdownload"}:
            raise refuse(f"{blob}: no programs of {content_length} bytes", 403)
        return presign(bucket, blob, content_length, content_type)

    monkeypatch.setattr(LocalBucket, "presign_put", presign_documents)


@pytest.mark.usefixtures("refuse_programs")
async def test_files_of_one_kind_that_are_refused_do_not_end_the_run(box, jobs, tmp_path) -> None:
    root = a_mixed_tree(tmp_path / "tree")
    for _ in range(2):
        ran = await jobs.run(root)

        check_report(ran)
        counts = ran.report.counts
        assert (ran.report.ended, ran.report.exit_code) == ("complete", 1)
        assert (counts.failed, counts.done) == (60, 60)
    assert remote_truth(box, box.project).total() == 60


async def test_different_files_that_are_refused_end_the_run_and_uploads_in_flight_are_completed(
    box, jobs, tmp_path
) -> None:
    files = {f"d{n % 5}/f{n:03}.{n % 7}": bytes([n]) * 7 ** (n // 5 % 5) for n in range(200)}
    root = make_tree(tmp_path / "tree", files)
    box.faults.status("blobs.reserve", 403, after=1, times=None)
    box.faults.delay("storage.put", 1.0)

    ran = await jobs.run(root)

    check_report(ran)
    assert ran.report.ended == "error"
    assert "different files" in ran.report.message
    assert ran.report.counts.failed < 100
    assert remote_truth(box, box.project).total() == 1
    box.faults.clear()
    check_mirrored(box, await jobs.run(root), root, below=box.project, inside="tree")
