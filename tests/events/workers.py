"""Worker processes, and messages for them."""

import asyncio
import json
import os
import sys
from collections import Counter
from contextlib import asynccontextmanager, suppress
from pathlib import Path

SUBJECT = "uploads"
LEASE, SETTLE, ACK_WAIT = 5, 2, 6


def arguments(server, root: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "coredata_async", "worker", "--events", SUBJECT, "--nats", server.url),
        *("--monitor", server.monitor, "--root", str(root), "--lease", str(LEASE), "--settle", str(SETTLE)),
        *("--ack-wait", str(ACK_WAIT), *more),
    ]


async def start_worker(box, server, root: Path, log: Path, *more: str) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "COREDATA_BASE_URL": box.url,
        "COREDATA_API_USER": box.api_user,
        "COREDATA_API_KEY": box.api_key,
    }
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *arguments(server, root, *more), env=environment, stdout=output, stderr=output
        )


@asynccontextmanager
async def connected(server):
    """Yield a JetStream; the connection survives a restart of the server."""
    import nats

    connection = await nats.connect(server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    try:
        yield connection.jetstream()
    finally:
        await connection.close()


def message(box, name: str, **fields: object) -> bytes:
    wanted = {"source": name, "parent": box.project, "filename": name, "key": f"{name}@1", **fields}
    return json.dumps(wanted).encode()


def files(box) -> Counter[str]:
    return Counter(str(file.fields["filename"]) for file in list(box.state.files))


async def wait_until(check, seconds: float = 80) -> None:
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110  # other processes
            await asyncio.sleep(0.1)


async def wait_until_answered(stream, seconds: float = 90) -> None:
    """Wait until no message is left without an answer."""
    async with asyncio.timeout(seconds):
        while await pending(stream):  # noqa: ASYNC110  # other processes
            await asyncio.sleep(0.1)


async def pending(stream, name: str = SUBJECT) -> int:
    """Count the messages that are not answered for good. A server that was killed may not answer at first."""
    import nats.errors

    for _ in range(5):
        with suppress(nats.errors.Error):
            return (await stream.stream_info(name)).state.messages
    raise TimeoutError
