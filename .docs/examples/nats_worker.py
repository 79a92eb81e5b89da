"""Event-driven uploads with nats-py alone: `python nats_worker.py`."""

import asyncio
import json
import os

import nats
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NoMessages
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig

from coredata_async import CoreData, Failed, Unknown, Uploaded
from coredata_async.records import Busy, IdempotentUploads, KvRecords


async def upload(uploads: IdempotentUploads, stream: JetStreamContext, message: Msg) -> None:
    event = json.loads(message.data)
    fields = {name: event[name] for name in ("parent", "filename", "key")}
    match await uploads.upload(event["source"], **fields, patience=30):
        case Uploaded():
            await message.ack()
        case Busy(retry_after=seconds):
            await message.nak(delay=seconds)
        case Failed(permanent=True, error=error):
            await stream.publish("uploads.dead", json.dumps({"reason": str(error), **event}).encode())
            await message.ack()
        case Failed() | Unknown():
            await message.nak(delay=60)


async def main() -> None:
    connection = await nats.connect(os.environ["NATS_URL"], max_reconnect_attempts=-1)
    stream = connection.jetstream()
    await stream.add_stream(name="uploads", subjects=["uploads"])
    await stream.add_stream(name="uploads-dead", subjects=["uploads.dead"])
    bucket = await stream.create_key_value(bucket="records", history=1, ttl=30 * 86400)
    messages = await stream.pull_subscribe("uploads", "example", config=ConsumerConfig(ack_wait=60))
    async with CoreData.from_env() as client:
        uploads = IdempotentUploads(client, KvRecords(bucket, monitor=os.environ["NATS_MONITOR"]))
        while True:
            try:
                batch = await messages.fetch(8, timeout=30)
            except NoMessages:
                continue
            async with asyncio.TaskGroup() as group:
                for message in batch:
                    group.create_task(upload(uploads, stream, message))


if __name__ == "__main__":
    asyncio.run(main())
