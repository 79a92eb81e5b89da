"""300 messages, 10 of them published twice, two workers, a restart of NATS: exactly 300 Files."""

import asyncio
import signal
from contextlib import suppress

import pytest

from .workers import (
    SUBJECT,
    connected,
    files,
    message,
    pending,
    start_worker,
    wait_until,
    wait_until_answered,
)

MESSAGES, TWICE, BEFORE = 300, 10, 60
pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]


async def _publish(stream, box, root) -> None:
    names = [f"{number:03}.txt" for number in range(MESSAGES)]
    for name in names:
        (root / name).write_bytes(f"content of {name}\n".encode() * 200)
    for index, name in enumerate(names + names[:TWICE]):
        await stream.publish(SUBJECT, message(box, name), headers={"Nats-Msg-Id": str(index)})


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
async def test_each_message_becomes_one_file(end, service, nats, tmp_path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    service.faults.delay("files.register", 0.2, times=MESSAGES)
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    workers = [await start_worker(service, nats, root, log, "--concurrency", "8") for log in logs]
    async with connected(nats) as stream:
        await wait_until(lambda: all("waiting for messages" in log.read_text() for log in logs))
        await _publish(stream, service, root)
        await wait_until(lambda: len(service.state.files) >= BEFORE)
        workers[0].send_signal(end)
        await wait_until(lambda: len(service.state.files) >= 2 * BEFORE)
        nats.kill()
        nats.start()
        await wait_until_answered(stream)
        with suppress(ProcessLookupError):  # the kernel has killed it, if it was about to request a File
            workers[0].send_signal(signal.SIGCONT)
            await asyncio.sleep(3)
        dead = await pending(stream, f"{SUBJECT}_dead")
    for worker in workers:
        if worker.returncode is None:
            worker.send_signal(signal.SIGTERM)
    codes = [await asyncio.wait_for(worker.wait(), 30) for worker in workers]

    expected = {f"{number:03}.txt": 1 for number in range(MESSAGES)}
    assert files(service) == expected, [log.read_text()[-3000:] for log in logs]
    assert dead == 0
    assert codes[1] == 0
    assert codes[0] in ({-signal.SIGKILL} if end == signal.SIGKILL else {-signal.SIGKILL, 0})
