"""Event-driven uploads with FastStream on NATS JetStream: `python faststream_worker.py`."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from faststream import AckPolicy, Context, ContextRepo, FastStream
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.js.api import ConsumerConfig
from pydantic import BaseModel

from coredata_async import CoreData, Failed, Unknown, Uploaded
from coredata_async.records import Busy, IdempotentUploads, KvRecords

broker = NatsBroker(os.environ["NATS_URL"], max_reconnect_attempts=-1)
dead = broker.publisher("uploads.dead", stream="uploads-dead")


class Event(BaseModel):
    """A message."""

    source: str
    parent: str
    filename: str
    key: str


@asynccontextmanager
async def lifespan(context: ContextRepo) -> AsyncIterator[None]:
    stream = (await broker.connect()).jetstream()
    await stream.add_stream(name="uploads-dead", subjects=["uploads.dead"])
    bucket = await stream.create_key_value(bucket="records", history=1, ttl=30 * 86400)
    async with CoreData.from_env() as client:
        records = KvRecords(bucket, monitor=os.environ["NATS_MONITOR"])
        context.set_global("uploads", IdempotentUploads(client, records))
        yield


@broker.subscriber(
    "uploads",
    stream=JStream("uploads"),
    durable="example",
    config=ConsumerConfig(ack_wait=60, max_ack_pending=64),
    pull_sub=PullSub(batch_size=2),
    max_workers=8,
    ack_policy=AckPolicy.MANUAL,
)
async def upload(
    event: Event, message: NatsMessage, uploads: Annotated[IdempotentUploads, Context()]
) -> None:
    match await uploads.upload(
        event.source, parent=event.parent, filename=event.filename, key=event.key, patience=30
    ):
        case Uploaded():
            await message.ack()
        case Busy(retry_after=seconds):
            await message.nack(delay=seconds)
        case Failed(permanent=True, error=error):
            await dead.publish({"reason": str(error), **event.model_dump()})
            await message.ack()
        case Failed() | Unknown():
            await message.nack(delay=60)


if __name__ == "__main__":
    asyncio.run(FastStream(broker, lifespan=lifespan).run())
