"""Tests that an archive killed at any time and run again is complete and without duplicates."""

import asyncio
import json
import sys

import pytest

from tests.archive.scene import ALL

KILLED = -9


async def killed(scene, project: str, last: int) -> int:
    """Archive in a process that is killed after so many exchanges."""
    box = scene.box
    task = {
        "url": box.fivepm.url,
        "login": box.fivepm.login,
        "password": box.fivepm.password,
        "api_user": box.api_user,
        "api_key": box.api_key,
        "project": project,
        "parent": box.project,
        "place": str(scene.place),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.archive.victim", str(last), stdin=asyncio.subprocess.PIPE
    )
    await process.communicate(json.dumps(task).encode())
    return process.returncode


@pytest.mark.parametrize("scene", ["json"], indirect=True)
@pytest.mark.parametrize("last", [1, 4, 8, 11, 14, 19, 24, 30, 36])
async def test_killed_and_run_again_each_file_is_there_once(scene, last) -> None:
    project = await scene.planted()

    assert await killed(scene, project, last) == KILLED
    archived = await scene.archived(project)

    assert archived.complete
    assert await scene.copies() == ALL
    await scene.documents()


@pytest.mark.parametrize("scene", ["json"], indirect=True)
async def test_killed_again_and_again_it_still_ends(scene) -> None:
    project = await scene.planted()
    for last in (9, 12, 15, 18, 21):
        await killed(scene, project, last)

    assert (await scene.archived(project)).complete
    assert await scene.copies() == ALL
    await scene.documents()
