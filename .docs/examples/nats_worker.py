"""Event-driven uploads with nats-py alone: `python nats_worker.py`."""

import asyncio
import json
import os

import nats

from coredata_async import CoreData, Failed, Uploaded
from coredata_async.records import Busy, IdempotentUploads, KvRecords


async def work(uploads: IdempotentUploads, stream: nats.js.JetStreamContext) -> None:
    messages = await stream.pull_subscribe("uploads", "example")
    while True:
        try:
            [message] = await messages.fetch(1, timeout=30)
        except nats.errors.TimeoutError:
            continue
        match await uploads.upload(**json.loads(message.data), patience=20):
            case Uploaded():
                await message.ack()
            case Failed(permanent=True, error=error):
                await stream.publish("uploads.dead", message.data, headers={"Reason": str(error)})
                await message.ack()
            case Busy(retry_after=seconds):
                await message.nak(delay=seconds)
            case _:
                await message.nak(delay=60)


async def main() -> None:
    stream = (await nats.connect(os.environ["NATS_URL"], max_reconnect_attempts=-1)).jetstream()
    await stream.add_stream(name="uploads", subjects=["uploads", "uploads.dead"])
    records = await KvRecords.open(stream, monitor=os.environ["NATS_MONITOR"])
    async with CoreData.from_env() as client, asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(work(IdempotentUploads(client, records), stream))


if __name__ == "__main__":
    asyncio.run(main())
