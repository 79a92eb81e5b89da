"""A worker on a NATS cluster goes on when the server that it is connected to is lost."""

import asyncio
import signal
from contextlib import suppress

import pytest

from .workers import SUBJECT, connected, files, message, start_worker, wait_until, wait_until_answered

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


async def publish(stream, data: bytes) -> None:
    """Publish a message; repeat while another leader is elected."""
    import nats.errors
    import nats.js.errors

    async with asyncio.timeout(60):
        while True:
            with suppress(nats.errors.Error, nats.js.errors.Error):
                await stream.publish(SUBJECT, data)
                return
            await asyncio.sleep(0.2)


async def test_messages_and_records_survive_the_loss_of_a_server(service, cluster, tmp_path) -> None:
    root, log = tmp_path / "root", tmp_path / "log"
    root.mkdir()
    for number in range(12):
        (root / f"{number}.txt").write_text(f"content {number}")
    await asyncio.sleep(2)  # the servers elect a leader
    worker = await start_worker(service, cluster[0], root, log, "--replicas", "3")
    try:
        await wait_until(lambda: "waiting for messages" in log.read_text() or worker.returncode is not None)
        async with connected(cluster[1]) as stream:
            for number in range(12):
                if number == 6:
                    cluster[0].kill()
                await publish(stream, message(service, f"{number}.txt"))
            await wait_until(lambda: len(service.state.files) == 12)
            await wait_until_answered(stream)
        worker.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(worker.wait(), 30)
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()

    assert code == 0, log.read_text()
    assert files(service) == {f"{number}.txt": 1 for number in range(12)}
