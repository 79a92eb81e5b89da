"""Event-driven uploads with FastStream on NATS JetStream: `python faststream_worker.py`."""

import asyncio
import os
from typing import Annotated

from faststream import AckPolicy, Context, FastStream
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub

from coredata_async import CoreData, Failed, Uploaded
from coredata_async.records import Busy, IdempotentUploads, KvRecords

broker = NatsBroker(os.environ["NATS_URL"], max_reconnect_attempts=-1)
stream = JStream("uploads", subjects=["uploads.dead"])
options = {"stream": stream, "durable": "example", "pull_sub": PullSub(batch_size=2), "max_workers": 8}


@broker.subscriber("uploads", ack_policy=AckPolicy.MANUAL, **options)
async def upload(
    event: dict[str, str], message: NatsMessage, uploads: Annotated[IdempotentUploads, Context()]
) -> None:
    match await uploads.upload(**event, patience=20):
        case Uploaded():
            await message.ack()
        case Failed(permanent=True, error=error):
            await broker.publish({"reason": str(error), **event}, "uploads.dead", stream="uploads")
            await message.ack()
        case Busy(retry_after=seconds):
            await message.nack(delay=seconds)
        case _:
            await message.nack(delay=60)


async def main() -> None:
    jetstream = (await broker.connect()).jetstream()
    records = await KvRecords.open(jetstream, monitor=os.environ["NATS_MONITOR"])
    async with CoreData.from_env() as client:
        broker.context.set_global("uploads", IdempotentUploads(client, records))
        await FastStream(broker).run()


if __name__ == "__main__":
    asyncio.run(main())
