"""The examples of workers with FastStream, nats-py and taskiq, each as a process, with a nats-server."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from .workers import SUBJECT, connected, files, message, wait_until

EXAMPLES = Path(__file__).parent.parent.parent / ".docs" / "examples"
TASKIQ = [sys.executable, "-m", "taskiq", "worker", "taskiq_worker:broker", "--workers", "1"]
pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


@pytest.fixture
def environment(service, nats):
    return {
        **os.environ,
        "COREDATA_BASE_URL": service.url,
        "COREDATA_API_USER": service.api_user,
        "COREDATA_API_KEY": service.api_key,
        "NATS_URL": nats.url,
        "NATS_MONITOR": nats.monitor,
    }


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "root").mkdir()
    paths = [tmp_path / "root" / f"{number}.txt" for number in range(4)]
    for path in paths:
        path.write_text(f"content of {path.name}")
    return paths


@pytest.fixture
async def start(environment, tmp_path):
    started = []

    async def start(command):
        with (tmp_path / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=EXAMPLES, env=environment, stdout=log, stderr=log
            )
        started.append(process)

    yield start
    for process in started:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _wait_for_stream(stream, name: str) -> None:
    from nats.js.errors import NotFoundError

    async with asyncio.timeout(30):
        while True:
            try:
                await stream.stream_info(name)
            except NotFoundError:
                await asyncio.sleep(0.1)
            else:
                return


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*_worker.py")), ids=lambda path: path.name)
def test_an_example_has_about_thirty_lines(example) -> None:
    lines = [line for line in example.read_text().splitlines() if line and not line.startswith(('"""', "#"))]

    assert len(lines) <= 34


@pytest.mark.parametrize("example", ["faststream_worker.py", "nats_worker.py"])
async def test_each_message_becomes_one_file(service, nats, start, sources, example) -> None:
    await start([sys.executable, example])
    async with connected(nats) as stream:
        await _wait_for_stream(stream, SUBJECT)
        for paths in (sources, [*sources, sources[0].with_name("none.txt")]):  # the second time, they exist
            for path in paths:
                await stream.publish(SUBJECT, message(service, path.name, source=str(path)))
            await wait_until(lambda: len(service.state.files) == len(sources))
        letters = await stream.pull_subscribe(f"{SUBJECT}.dead", "reader", stream=SUBJECT)
        [letter] = await letters.fetch(1, timeout=60)
        async with asyncio.timeout(60):
            while (await stream.consumer_info(SUBJECT, "example")).num_ack_pending:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    assert files(service) == {path.name: 1 for path in sources}
    assert json.loads(letter.data)["filename"] == "none.txt"


SENDER = """
import asyncio, sys
from taskiq_worker import broker, upload

async def send():
    await broker.startup()
    for path in sys.argv[2:]:
        name = path.rpartition("/")[2]
        await upload.kiq(path, sys.argv[1], name, f"{name}@1")
    await broker.shutdown()

asyncio.run(send())
"""


async def test_each_task_becomes_one_file(service, nats, start, sources, environment) -> None:
    await start(TASKIQ)
    for paths in (sources[:2], sources[:1]):  # the second time, it exists
        command = (sys.executable, "-c", SENDER, service.project, *map(str, paths))
        sender = await asyncio.create_subprocess_exec(*command, cwd=EXAMPLES, env=environment)
        assert await sender.wait() == 0
        await wait_until(lambda: len(service.state.files) == 2)
    async with connected(nats) as stream, asyncio.timeout(60):
        while (await stream.consumer_info("taskiq_jetstream", "example")).num_ack_pending:  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    assert files(service) == {path.name: 1 for path in sources[:2]}
