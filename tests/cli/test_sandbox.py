import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coredata_async import CoreData


@pytest.mark.usefixtures("interruptible")
def test_it_prints_the_variables_that_point_a_program_at_it(tmp_path: Path, monkeypatch) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "coredata_async", "sandbox", "--data", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        for _ in range(8):
            name, _, value = process.stdout.readline().removeprefix("export ").strip().partition("=")
            monkeypatch.setenv(name, value)
        titles = asyncio.run(_titles_of_spaces())
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(20)
        process.stdout.close()

    assert titles == ["Sandbox"]
    assert code == 130
    assert os.environ["COREDATA_BASE_URL"].startswith("http://127.0.0.1:")
    assert os.environ["FIVEPM_URL"] == os.environ["COREDATA_BASE_URL"]
    assert os.environ["FIVEPM_LOGIN"]
    assert os.environ["FIVEPM_PASSWORD"]
    assert os.environ["COREDATA_API_KEY_V3"]
    assert os.environ["COREDATA_PARENT"]


async def _titles_of_spaces() -> list[str]:
    async with CoreData.from_env() as client:
        return [space.title async for space in client.spaces.list()]
