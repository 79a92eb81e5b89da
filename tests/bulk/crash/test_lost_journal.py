"""C12: the journal is deleted or damaged after a kill. This costs a listing, not a File."""

from pathlib import Path

import pytest

from coredata_async import Retry
from coredata_async.bulk import Reason

from .points import Point
from .scene import AT_ONCE
from .trees import FILES
from .truth import assert_exactly_once

LATE = 0.3
PATIENT = Retry(base=0.01, cap=0.05, settle=0.9, probe_gap=0.2)


def delete(journal: Path) -> None:
    for file in journal.parent.glob(f"{journal.name}*"):
        file.unlink()


def truncate(journal: Path) -> None:
    for file in (journal, _log(journal)):
        with file.open("r+b") as handle:
            handle.truncate(file.stat().st_size // 2)


def lose_the_log(journal: Path) -> None:
    _log(journal).unlink()


def flip_in_the_log(journal: Path) -> None:
    """SQLite reads the log up to there, and so an older state of the journal."""
    _flip(_log(journal), _log(journal).stat().st_size // 2)


def flip_the_header(journal: Path) -> None:
    _flip(journal, 0)


def flip_in_the_pages(journal: Path) -> None:
    for at in range(4096, journal.stat().st_size, 4096):  # the header of each page
        _flip(journal, at)


def _log(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}-wal")


def _flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 0xFF
    file.write_bytes(data)


@pytest.mark.parametrize(
    "point",
    [
        Point("folders.create:after", 2),
        Point("storage.put:middle", 4),
        Point("files.register:before", 3),
        Point("files.register:after", 1),
        Point("files.register:after", FILES),
        Point("journal.close"),
    ],
    ids=str,
)
async def test_c12_without_its_journal_a_job_finds_its_files_in_the_listings(scene, point):
    scene.killed(point, concurrency=1)
    there = {file.id for file in scene.box.state.files}
    delete(scene.journal)

    report = scene.resumed(retry=AT_ONCE)
    assert_exactly_once(scene, report)
    assert report.skipped_by.get(Reason.SAME, 0) == len(there)
    assert there <= {file.id for file in scene.box.state.files}


@pytest.mark.parametrize("damage", [truncate, lose_the_log, flip_in_the_log, flip_the_header])
async def test_c12_a_damaged_journal_of_a_first_run_costs_a_listing(scene, damage):
    scene.killed(Point("files.register:after", 3), concurrency=1)
    damage(scene.journal)

    assert_exactly_once(scene, scene.resumed(retry=AT_ONCE))


@pytest.mark.parametrize(
    "damage", [truncate, lose_the_log, flip_in_the_log, flip_the_header, flip_in_the_pages]
)
async def test_c12_a_damaged_journal_of_a_later_run_costs_a_listing(scene, damage):
    scene.resumed(retry=AT_ONCE)
    for name in ("later.txt", "sub/later.txt", "sub/latest.txt"):
        (scene.root / name).write_text(name)
    scene.killed(Point("files.register:after", 2), concurrency=1)
    damage(scene.journal)

    assert_exactly_once(scene, scene.resumed(retry=AT_ONCE))


@pytest.mark.parametrize("n", [1, 2, 4, FILES])
async def test_c12_a_registration_in_flight_when_the_journal_is_lost_is_waited_for(scene, n):
    """The folder is new, or is being filled, so it is listed twice."""
    scene.box.faults.commit_late("files.register", LATE, after=n - 1)
    scene.killed(Point("files.register:lost"), concurrency=1)
    delete(scene.journal)

    assert_exactly_once(scene, scene.resumed(retry=PATIENT))
