"""Wrappers around the connections of a process that see its durable events. The library does not know them.

Durable events are all messages to NATS that change a stream (entries of tables, objects, queued messages,
acknowledgements), and the requests to the service and its storage that change something.
"""

import asyncio
import json

from nats.aio.client import Client

from coredata_async.message import Reply, Request, Send
from coredata_async.transport import chain
from tests.bulk.crash.watched import operation

from .points import Watch

UNANSWERED = 0.04
"""Seconds after which a request counts as waiting in the service, which takes longer, see `scene`."""
REQUESTS = frozenset({"blobs.reserve", "files.register", "folders.create", "storage.put"})

_SUBJECTS = {
    "cd.work.": "queue",
    "cd.dead.": "dead letter",
    "$JS.API.STREAM.PURGE.": "object purge",
    "$JS.API.STREAM.CREATE.": "stream create",
}


def install(watch: Watch) -> None:
    """Install the wrappers in this process, once."""
    _watch_nats(watch)
    exchange = chain.exchange
    chain.exchange = lambda *args, **kwargs: _watched(exchange(*args, **kwargs), watch)


def kind_of(subject: str, payload: bytes) -> str | None:
    """Return the kind of a message to NATS; None if it changes nothing that lasts."""
    kind = None
    match subject.split("."):
        case ["$KV", bucket, *key]:
            kind = f"kv {_entry(bucket, '.'.join(key), payload)}"
        case ["$O", _, part, *_]:
            kind = "object chunk" if part == "C" else "object entry"
        case ["$JS", "ACK", *_]:
            kind = {b"-NAK": "nak", b"+WPI": "in progress"}.get(payload[:4], "ack")
        case ["$JS", "API", "CONSUMER", *_] if ".CREATE" in subject and ".cd-work." in subject:
            kind = "consumer create"  # others end with the listing of a table
        case _:
            kind = next((name for start, name in _SUBJECTS.items() if subject.startswith(start)), None)
    return kind


def _entry(bucket: str, key: str, payload: bytes) -> str:
    known = {"cd-workers": "presence", "cd-limits": "limits"}
    if bucket in known:
        return known[bucket]
    if bucket == "cd-jobs":
        return "lock" if key.startswith("tree.") else "job"
    noun = "folder" if bucket.endswith("-folders") else key.partition(".")[0]
    fields = json.loads(payload or b"{}")
    if "owner" not in fields:
        verb = "create"
    elif fields["owner"] is None:
        verb = "release"
    elif fields["beat"] == 0:
        verb = "claim"
    else:
        verb = "plan" if fields.get("state") == "planned" else "renewal"
    return f"{noun} {verb}"


def _watch_nats(watch: Watch) -> None:
    request, publish = Client.request, Client.publish

    async def watched_request(self, subject, payload=b"", *args, **kwargs):
        kind = kind_of(subject, payload)
        if kind is None:
            return await request(self, subject, payload, *args, **kwargs)
        n = watch.begin(kind)
        answer = request(self, subject, payload, *args, **kwargs)
        if watch.is_for(kind, n, "sent"):
            answer = asyncio.ensure_future(answer)
            await _written(self)
            watch.reach(kind, n, "sent")
        found = await answer
        watch.reach(kind, n, "after")
        return found

    async def watched_publish(self, subject, payload=b"", reply="", headers=None):
        kind = None if reply else kind_of(subject, payload)  # with a reply it is a part of a request
        if kind is None:
            return await publish(self, subject, payload, reply, headers)
        n = watch.begin(kind)
        await publish(self, subject, payload, reply, headers)
        if watch.is_for(kind, n, "sent"):
            await _written(self)
            watch.reach(kind, n, "sent")
        return None

    Client.request, Client.publish = watched_request, watched_publish


async def _written(client: Client) -> None:
    """Wait until the kernel has all that is to be sent."""
    await asyncio.sleep(0)
    while client.pending_data_size:  # noqa: ASYNC110  # nats-py shows it in no other way
        await asyncio.sleep(0)


def _watched(send: Send, watch: Watch) -> Send:
    async def through(request: Request) -> Reply:
        kind = operation(request)
        if kind not in REQUESTS:
            return await send(request)
        n = watch.begin(kind)
        if not watch.is_for(kind, n, "sent"):
            reply = await send(request)
        else:
            sending = asyncio.ensure_future(send(request))
            await asyncio.wait({sending}, timeout=UNANSWERED)
            watch.reach(kind, n, "sent")
            reply = await sending
        watch.reach(kind, n, "after")
        return reply

    return through
