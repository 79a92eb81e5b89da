"""Progress of an upload, reported in order."""

import pytest

from coredata_async import Progress
from tests.rig import some_bytes

LARGE = 2_500_000


@pytest.fixture
def reports():
    return []


def steps(reports):
    return [(each.stage, each.sent) for each in reports]


async def test_a_small_upload_reports_its_three_stages(client, box, reports):
    await client.files.upload(b"abc", parent=box.project, filename="x", progress=reports.append)

    assert reports == [
        Progress(name="a bytes", stage="reserve", sent=0, total=3),
        Progress(name="a bytes", stage="put", sent=0, total=3),
        Progress(name="a bytes", stage="register", sent=3, total=3),
    ]


async def test_a_large_upload_reports_every_block(client, box, tmp_path, reports):
    path = tmp_path / "a.bin"
    path.write_bytes(some_bytes(LARGE))

    await client.files.upload(path, parent=box.project, progress=reports.append)

    mib = 1 << 20
    assert steps(reports) == [
        ("reserve", 0),
        *(("put", 0), ("put", mib), ("put", 2 * mib), ("put", LARGE)),
        ("register", LARGE),
    ]
    assert {each.name for each in reports} == {str(path)}


async def test_a_coroutine_is_awaited(client, box, reports):
    async def progress(each):
        reports.append(each)

    await client.files.upload(b"abc", parent=box.project, filename="x", progress=progress)

    assert [each.stage for each in reports] == ["reserve", "put", "register"]


async def test_bytes_that_are_sent_again_are_counted_again(client, box, reports):
    box.faults.expire("storage.put")

    await client.files.upload(some_bytes(LARGE), parent=box.project, filename="x", progress=reports.append)

    stages = [each.stage for each in reports]
    assert stages.count("reserve") == 2
    last = [each.sent for each in reports[len(stages) - stages[::-1].index("reserve") :]]
    assert last == sorted(last)
    assert last[-1] == LARGE


@pytest.mark.parametrize("size", [3, LARGE])
async def test_through_the_api_it_reports_what_has_gone(client, box, reports, size):
    await client.files.upload(
        some_bytes(size), parent=box.project, filename="x", via="api", progress=reports.append
    )

    assert steps(reports)[0] == ("put", 0)
    assert {each.total for each in reports} == {size}


async def test_a_replacement_reports_as_an_upload_does(client, box, reports):
    up = await client.files.upload(b"abc", parent=box.project, filename="x")

    await client.files.replace(up.file_id, b"new!", progress=reports.append)

    assert steps(reports) == [("reserve", 0), ("put", 0), ("register", 4)]


async def test_what_the_callback_raises_ends_the_upload(client, box):
    def progress(each):
        raise LookupError("the bar is closed")

    with pytest.raises(LookupError, match="the bar is closed"):
        await client.files.upload(b"abc", parent=box.project, filename="x", progress=progress)

    assert not box.state.files
