"""How far an upload is, told in order."""

import pytest

from coredata_async import Progress
from tests.rig import some_bytes

LARGE = 2_500_000


@pytest.fixture
def told():
    return []


def steps(told):
    return [(each.stage, each.sent) for each in told]


async def test_a_small_upload_tells_its_three_stages(client, box, told):
    await client.files.upload(b"abc", parent=box.project, filename="x", progress=told.append)

    assert told == [
        Progress(name="a bytes", stage="reserve", sent=0, total=3),
        Progress(name="a bytes", stage="put", sent=0, total=3),
        Progress(name="a bytes", stage="register", sent=3, total=3),
    ]


async def test_a_large_upload_tells_every_block(client, box, tmp_path, told):
    path = tmp_path / "a.bin"
    path.write_bytes(some_bytes(LARGE))

    await client.files.upload(path, parent=box.project, progress=told.append)

    mib = 1 << 20
    assert steps(told) == [
        ("reserve", 0),
        *(("put", 0), ("put", mib), ("put", 2 * mib), ("put", LARGE)),
        ("register", LARGE),
    ]
    assert {each.name for each in told} == {str(path)}


async def test_a_coroutine_is_awaited(client, box, told):
    async def progress(each):
        told.append(each)

    await client.files.upload(b"abc", parent=box.project, filename="x", progress=progress)

    assert [each.stage for each in told] == ["reserve", "put", "register"]


async def test_bytes_that_are_sent_again_are_counted_anew(client, box, told):
    box.faults.expire("storage.put")

    await client.files.upload(some_bytes(LARGE), parent=box.project, filename="x", progress=told.append)

    stages = [each.stage for each in told]
    assert stages.count("reserve") == 2
    last = [each.sent for each in told[len(stages) - stages[::-1].index("reserve") :]]
    assert last == sorted(last)
    assert last[-1] == LARGE


@pytest.mark.parametrize("size", [3, LARGE])
async def test_through_the_api_it_tells_what_has_gone(client, box, told, size):
    await client.files.upload(
        some_bytes(size), parent=box.project, filename="x", via="api", progress=told.append
    )

    assert steps(told)[0] == ("put", 0)
    assert {each.total for each in told} == {size}


async def test_a_replacement_tells_as_an_upload_does(client, box, told):
    up = await client.files.upload(b"abc", parent=box.project, filename="x")

    await client.files.replace(up.file_id, b"new!", progress=told.append)

    assert steps(told) == [("reserve", 0), ("put", 0), ("register", 4)]


async def test_what_the_callback_raises_ends_the_upload(client, box):
    def progress(each):
        raise LookupError("the bar is closed")

    with pytest.raises(LookupError, match="the bar is closed"):
        await client.files.upload(b"abc", parent=box.project, filename="x", progress=progress)

    assert not box.state.files
