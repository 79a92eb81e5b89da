"""Lists that look complete, but do not show existing Files."""

import pytest

from coredata_async import RegistrationUncertainError
from coredata_async.transfer.witnesses import REMEMBERED, Witnesses


def test_the_first_file_of_a_place_is_remembered_from_its_time_on() -> None:
    witnesses = Witnesses()
    witnesses.add("p", "1", 10.0)
    witnesses.add("p", "2", 20.0)

    assert witnesses.of("p", 9.0) is None
    assert witnesses.of("p", 10.0) == "1"
    assert witnesses.of("q", 10.0) is None


def test_a_file_that_is_gone_is_forgotten() -> None:
    witnesses = Witnesses()
    witnesses.add("p", "1", 10.0)

    witnesses.discard("p")
    witnesses.discard("p")

    assert witnesses.of("p", 10.0) is None


def test_the_number_of_places_is_limited() -> None:
    witnesses = Witnesses()
    for number in range(REMEMBERED + 1):
        witnesses.add(str(number), "f", 0.0)

    assert witnesses.of("0", 1.0) is None
    assert witnesses.of(str(REMEMBERED), 1.0) == "f"


async def test_a_list_without_a_file_that_is_there_does_not_prove_that_another_one_is_absent(
    box, client
) -> None:
    """The caller may create Files but not see them, or lists lag behind for longer than assumed."""
    box.faults.listing_lag(seconds=60)
    first = await client.files.upload(b"1", parent=box.project, filename="1.txt")
    box.faults.reset_after("files.register")

    with pytest.raises(RegistrationUncertainError, match=first.file_id):
        await client.files.upload(b"2", parent=box.project, filename="2.txt")

    assert len(box.state.files) == 2


async def test_a_file_that_was_deleted_meanwhile_raises_no_doubt(box, client) -> None:
    first = await client.files.upload(b"1", parent=box.project, filename="1.txt")
    await client.files.delete(first.file_id)
    box.faults.status("files.register", 503)

    await client.files.upload(b"2", parent=box.project, filename="2.txt")

    assert [file.fields["filename"] for file in box.state.files] == ["2.txt"]
