"""Event-driven uploads with taskiq: `taskiq worker taskiq_worker:broker`."""

import os
from typing import Annotated

import nats
from nats.js.api import ConsumerConfig
from taskiq import Context, TaskiqDepends, TaskiqEvents, TaskiqState
from taskiq_nats import PullBasedJetStreamBroker

from coredata_async import CoreData, Failed, Uploaded
from coredata_async.records import IdempotentUploads, KvRecords

URL = os.environ["NATS_URL"]
# A message that is not acknowledged is delivered again after `ack_wait` seconds.
config = ConsumerConfig(durable_name="example", ack_wait=60)
broker = PullBasedJetStreamBroker(URL, durable="example", consumer_config=config, max_reconnect_attempts=-1)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def connect(state: TaskiqState) -> None:
    stream = (await nats.connect(URL, max_reconnect_attempts=-1)).jetstream()
    records = await KvRecords.open(stream, monitor=os.environ["NATS_MONITOR"])
    state.uploads = IdempotentUploads(CoreData.from_env(), records)


@broker.task(ack_type="manual")
async def upload(
    source: str, parent: str, filename: str, key: str, context: Annotated[Context, TaskiqDepends()]
) -> str:
    match await context.state.uploads.upload(source, parent=parent, filename=filename, key=key, patience=20):
        case Uploaded(file_id=file_id):
            await context.ack()
            return file_id
        case Failed(permanent=True, error=error):
            await context.ack()  # taskiq keeps the error as the result
            raise error
    return "later"
