import os
import signal
from pathlib import Path

import psutil
import pytest

from coredata_async import CoreData, CoreDataError
from coredata_async.cli.sandbox_process import Manner, sandbox_process


async def test_a_sandbox_in_its_own_process_serves_and_is_gone_afterwards(tmp_path: Path) -> None:
    async with (
        sandbox_process(Manner(data=tmp_path)) as (process, box),
        CoreData(box.url, api_user=box.api_user, api_key=box.api_key) as client,
    ):
        up = await client.files.upload(b"here", parent=box.project, filename="here.txt")
        number = process.pid

    assert up.verified
    assert not psutil.pid_exists(number)


async def test_it_ends_when_the_body_raises() -> None:
    with pytest.raises(RuntimeError):
        async with sandbox_process() as (process, _):
            raise RuntimeError

    assert process.returncode is not None


async def test_a_sandbox_that_dies_causes_no_error_at_the_end() -> None:
    async with sandbox_process() as (process, _):
        os.kill(process.pid, signal.SIGKILL)

    assert process.returncode == -signal.SIGKILL


async def test_a_port_that_is_taken_is_said_plainly() -> None:
    async with sandbox_process() as (_, box):
        with pytest.raises(CoreDataError, match="did not start"):
            async with sandbox_process(Manner(port=int(box.url.rpartition(":")[2]))):
                pass


async def test_it_does_not_inherit_keys(monkeypatch) -> None:
    monkeypatch.setenv("COREDATA_API_KEY", "the key")
    monkeypatch.setenv("FIVEPM_PASSWORD", "the key")

    async with sandbox_process() as (process, _):
        inherited = psutil.Process(process.pid).environ()

    assert "PATH" in inherited
    assert "the key" not in inherited.values()
