"""The event-driven worker: each message of a NATS subject names a source, and becomes one File.

- `worker` — `EventWorker`: pulls messages, answers them, and finishes those in progress at the end.
- `message` — the format of a message. `sources` — which sources a message may name; `remote` — https URLs.
- `handler` — one message: what it became, how it is answered, and the metrics of it. No broker in it.
- `broker` — FastStream on NATS JetStream: stream, consumer, dead letters; `nats_types` — its parts.
- `options` — also of the record store, which is opened by its address. `address` — NATS with TLS.
"""

from coredata_async.events.errors import BrokerError
from coredata_async.events.message import UploadMessage
from coredata_async.events.options import WorkerOptions
from coredata_async.events.sources import SourceRules
from coredata_async.events.worker import EventWorker

__all__ = ["BrokerError", "EventWorker", "SourceRules", "UploadMessage", "WorkerOptions"]
