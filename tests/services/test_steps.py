"""Steps of an upload, one by one: their callbacks, their errors, and the search for a lost registration."""

import time

import pytest
from attrs import evolve

from coredata_async.errors import SourceChangedError
from coredata_async.transfer.probe import Parent, ProbeRequest
from coredata_async.transfer.steps import Registered, Unsettled
from tests.rig import QUICK


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_reservation_is_reported_to_a_plain_or_an_asynchronous_function(client, asynchronous) -> None:
    blobs = []

    def note(blob, since) -> None:
        blobs.append((blob, since))

    async def note_later(blob, since) -> None:
        note(blob, since)

    stored = await client.files.steps.store(
        b"abc", filename="a.txt", on_reserved=note_later if asynchronous else note
    )

    assert blobs == [(stored.blob, stored.since)]


async def test_a_path_of_another_size_has_changed(client, box, tmp_path) -> None:
    (tmp_path / "a.txt").write_text("abcd")

    with pytest.raises(SourceChangedError, match="has 4 bytes instead of 3"):
        await client.files.steps.store(tmp_path / "a.txt", size=3)
    assert box.state.count("blobs.reserve") == 0


async def test_a_lost_registration_is_found(box) -> None:
    box.faults.reset_after("files.register")
    async with box.client(retry=evolve(QUICK, settle=0.2, probe_gap=0.05)) as client:
        steps = client.files.steps
        stored, new = (
            await steps.store(b"abc", filename="a.txt"),
            steps.new_file(parent=box.project, filename="a.txt"),
        )

        assert isinstance(await steps.register(stored, new), Unsettled)
        request = ProbeRequest(stored=stored, new=new, parent=Parent(new.parent))
        found = await steps.look_up(request, time.monotonic())

    assert isinstance(found, Registered)
    assert [file.id for file in box.state.files] == [found.file_id]
