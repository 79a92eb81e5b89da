"""Scratch journals: copies of journals that may be in use, or were left behind by a crash."""

import asyncio
import threading

import pytest

from coredata_async.bulk.journal import scanning
from coredata_async.bulk.journal.scanning import ScanPlanner, scratch_journal
from coredata_async.bulk.scan.walk import Batches
from coredata_async.errors import ConfigurationError
from tests.bulk.journals import BINDING, another_process, findings, opened


async def test_records_of_a_killed_process_are_in_the_scratch_journal(tmp_path) -> None:
    place = tmp_path / "job.sqlite"
    async with another_process(place) as process:
        assert process.stdout is not None
        for _ in range(50):
            last = int(await process.stdout.readline())
        process.kill()
        await process.wait()

    async with scratch_journal(BINDING, place) as journal:
        found = await findings(journal)
        await journal.read(lambda db: db.execute("DELETE FROM finding"))

    assert f"written {last}" in found
    async with opened(place) as journal:
        assert await findings(journal) == found
        assert journal.run == 2


async def test_a_journal_that_another_process_holds_is_refused_and_stays_locked(tmp_path) -> None:
    place = tmp_path / "job.sqlite"
    async with another_process(place) as process:
        assert process.stdout is not None
        await process.stdout.readline()

        for _ in range(2):
            with pytest.raises(ConfigurationError, match="in use by"):
                async with scratch_journal(BINDING, place):
                    pass

        assert process.returncode is None


async def test_a_scan_that_never_returns_is_left_to_its_thread(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(scanning, "STOP", 0.1)
    scanned, released = threading.Event(), threading.Event()

    def batches() -> Batches:
        assert threading.current_thread().daemon, "the interpreter would wait for it"
        scanned.set()
        released.wait()
        yield from ()

    async with opened(tmp_path / "job.sqlite") as journal:
        waiting = asyncio.ensure_future(anext(aiter(ScanPlanner(batches(), journal))))
        await asyncio.to_thread(scanned.wait)

        waiting.cancel()
        done, _ = await asyncio.wait({waiting}, timeout=10)

    assert done
    released.set()


async def test_a_journal_that_cannot_be_examined_is_an_error(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: File name too long"):
        async with scratch_journal(BINDING, tmp_path / ("x" * 300)):
            pass


async def test_without_a_journal_none_is_created(tmp_path) -> None:
    async with scratch_journal(BINDING, tmp_path / "none" / "job.sqlite") as journal:
        assert not journal.resumed
        path = journal.path

    assert not path.parent.exists()
    assert list(tmp_path.iterdir()) == []
