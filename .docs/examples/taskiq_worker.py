"""Event-driven uploads with taskiq: `taskiq worker taskiq_worker:broker`."""

import asyncio
import os
import sys
from typing import Annotated

import nats
from nats.js.api import ConsumerConfig
from taskiq import Context, TaskiqDepends, TaskiqEvents, TaskiqState
from taskiq_nats import PullBasedJetStreamBroker

from coredata_async import CoreData, Failed, Uploaded
from coredata_async.records import IdempotentUploads, KvRecords

# A message that is not acknowledged is delivered again after `ack_wait` seconds.
broker = PullBasedJetStreamBroker(
    os.environ["NATS_URL"],
    consumer_config=ConsumerConfig(durable_name="example", ack_wait=60),
    durable="example",
    pull_consume_timeout=5,
    max_reconnect_attempts=-1,
)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def connect(state: TaskiqState) -> None:
    state.nats = await nats.connect(os.environ["NATS_URL"], max_reconnect_attempts=-1)
    bucket = await state.nats.jetstream().create_key_value(bucket="records", history=1, ttl=30 * 86400)
    state.client = CoreData.from_env()
    state.uploads = IdempotentUploads(state.client, KvRecords(bucket, monitor=os.environ["NATS_MONITOR"]))


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def disconnect(state: TaskiqState) -> None:
    await state.client.aclose()
    await state.nats.close()


@broker.task(ack_type="manual")
async def upload(
    source: str, parent: str, filename: str, key: str, context: Annotated[Context, TaskiqDepends()]
) -> str:
    uploads: IdempotentUploads = context.state.uploads
    outcome = await uploads.upload(source, parent=parent, filename=filename, key=key, patience=30)
    match outcome:
        case Uploaded(file_id=file_id):
            await context.ack()
            return file_id
        case Failed(permanent=True, error=error):
            await context.ack()
            raise error
    return f"later: {outcome}"


async def send(arguments: list[str]) -> None:
    await broker.startup()
    await upload.kiq(*arguments)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(send(sys.argv[1:]))
