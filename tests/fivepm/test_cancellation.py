"""Tests that nothing stays open after a cancellation at any time, and the client continues to work."""

import pytest

from coredata_async.fivepm import Attachment, FivePM
from tests.rig import QUICK, Leftovers, cancelled_at, once, some_bytes

STEPS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)


@pytest.fixture
async def pm(box):
    async with FivePM(
        box.fivepm.url, login=box.fivepm.login, password=box.fivepm.password, retry=QUICK
    ) as pm:
        yield pm


@pytest.mark.parametrize("steps", STEPS)
async def test_a_cancelled_first_call_leaves_the_next_one_to_sign_in(pm, box, steps):
    await cancelled_at(steps, pm.auth.user)

    assert (await pm.auth.user()).email == box.fivepm.login


@pytest.mark.parametrize("steps", STEPS)
async def test_a_cancelled_attachment_leaves_nothing_open(pm, tmp_path, steps):
    path = tmp_path / "a"
    path.write_bytes(some_bytes(2_000_000))
    project = await pm.projects.add(name="Audit")
    note = await pm.activity.add(project_id=project.id, type="msg", text="see")
    before = Leftovers()

    await cancelled_at(
        steps,
        lambda: pm.activity.attach(note.id, [path, Attachment(source=once(b"x" * 2_000_000), name="b")]),
    )

    found = before.found()
    found.pop("tasks", None)  # those of the sandbox are in this loop, too
    assert found == {}


@pytest.mark.parametrize("steps", STEPS)
async def test_a_cancelled_download_leaves_no_file(pm, tmp_path, steps):
    project = await pm.projects.add(name="Audit")
    note = await pm.activity.add(project_id=project.id, type="msg", text="see")
    await pm.activity.attach(note.id, [Attachment(source=some_bytes(2_000_000), name="a")])
    (file,) = await pm.activity.files()

    async def fetch():
        async with pm.activity.download(file.id) as body:
            await body.save(tmp_path / "out")

    complete = await cancelled_at(steps, fetch)

    assert [each.name for each in tmp_path.iterdir()] == (["out"] if complete else [])
    await fetch()
