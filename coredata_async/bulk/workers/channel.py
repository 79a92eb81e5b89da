"""Channel between parent and worker: frames of plain values over a socket pair, several messages in each.

Messages are encoded with `marshal`: both ends run the same Python, and unlike a pickle it creates only plain
values and runs no code. Encoding and decoding a message takes 1.2 us, with `json` 2.9; each file needs five.
Other values are encoded as plain ones; errors keep their class, fields and text.
"""

from __future__ import annotations

import asyncio
import builtins
import json
import marshal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, cast

from attrs import astuple

from coredata_async import errors
from coredata_async.errors import CoreDataError
from coredata_async.secret import Secret
from coredata_async.transfer.steps import Planned, Stored
from coredata_async.transport.trace import Exchanged
from coredata_async.wire.files import NewFile

Message = list[Any]
"""Verb and arguments: numbers, strings, bytes, None, and lists and dicts of them."""

MAX_FRAME: Final = 1 << 24
"""Maximum size of a frame in bytes; a larger one is a protocol error."""
_HEAD: Final = 4


class Channel(asyncio.Protocol):
    """One end of the channel.

    All messages of one turn of the loop are sent in one write: with 32 files in flight about eight messages
    share a frame, and so both their encoding and the system calls.

    Args:
        on_message: Called with each message.
        trailer: Called before each write; returns a message to add, or None.
    """

    def __init__(
        self, on_message: Callable[[Message], object], trailer: Callable[[], Message | None] | None = None
    ) -> None:
        self.ended = asyncio.Event()
        """Set when the other end has closed."""
        self._on_message = on_message
        self._trailer = trailer
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._waiting: list[Message | Secret[Message]] = []

    def send(self, message: Message | Secret[Message]) -> None:
        """Send a message at the end of this turn of the loop; nothing is sent to a closed end."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(message)

    def close(self) -> None:
        """Close the connection without sending the rest."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not an instance of it

    def data_received(self, data: bytes) -> None:
        """Pass on the messages of complete frames."""
        self._held += data
        del data  # it may contain keys, and crash reporters show the variables of frames
        start = 0
        while len(self._held) - start >= _HEAD:
            end = start + _HEAD + int.from_bytes(self._held[start : start + _HEAD], "big")
            if end - start > MAX_FRAME:
                self.close()
                return
            if len(self._held) < end:
                break
            frame = bytes(self._held[start + _HEAD : end])
            for message in marshal.loads(frame):  # noqa: S302  # from our own worker
                self._on_message(message)
            start = end
        del self._held[:start]

    def connection_lost(self, exc: Exception | None) -> None:
        """Record that the channel has ended."""
        self.ended.set()

    def _flush(self) -> None:
        messages, self._waiting = self._waiting, []
        if self._trailer is not None and (more := self._trailer()) is not None:
            messages.append(more)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_frame(messages))


def _frame(messages: list[Message | Secret[Message]]) -> bytes:
    data = marshal.dumps(
        [message.reveal() if isinstance(message, Secret) else message for message in messages]
    )
    return len(data).to_bytes(_HEAD, "big") + data


def encode_time(moment: datetime | None) -> float | None:
    """Return seconds since the epoch."""
    return None if moment is None else moment.timestamp()


def decode_time(plain: float | None) -> datetime | None:
    """Decode a point in time."""
    return None if plain is None else datetime.fromtimestamp(plain, UTC)


def encode_stored(stored: Stored) -> list[Any]:
    """Encode stored bytes without the plan, which the other end has."""
    return [stored.blob, stored.md5, stored.etag, encode_time(stored.since)]


def decode_stored(plain: list[Any], plan: Planned) -> Stored:
    """Decode stored bytes."""
    blob, md5, etag, since = plain
    return Stored(plan, blob, md5, etag, decode_time(since))


def encode_new_file(new: NewFile) -> list[Any]:
    """Encode the values of a new File."""
    return [new.filename, new.title, new.parent, new.dynatype, new.contacts, new.tags]


def decode_new_file(plain: list[Any]) -> NewFile:
    """Decode the values of a new File."""
    filename, title, parent, dynatype, contacts, tags = plain
    return NewFile(
        filename=filename,
        title=title,
        parent=parent,
        dynatype=dynatype,
        contacts=tuple(contacts),
        tags=tuple(tags),
    )


def encode_event(event: Exchanged) -> list[Any]:
    """Encode an exchange, as hooks receive it: it never contains a query."""
    return list(astuple(event))


def decode_event(plain: list[Any]) -> Exchanged:
    """Decode an exchange."""
    return Exchanged(*plain)


def encode_error(exc: Exception) -> list[Any]:
    """Encode an error as the name of its class, its arguments, its fields, and its text."""
    name, text = type(exc).__name__, str(exc) or type(exc).__name__
    fields = dict(exc.__dict__) if isinstance(exc, CoreDataError) else {}
    try:
        encoded: list[Any] = json.loads(json.dumps([name, list(exc.args), fields, text]))
    except (TypeError, ValueError):  # an argument or a field is not a plain value
        return [name, [text], {}, text]
    return encoded


def decode_error(plain: list[Any]) -> Exception:
    """Decode an error; if its class is unknown, return another one with the same text."""
    name, args, fields, text = plain
    kind: object = getattr(errors, name, None) or getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, CoreDataError):
        error = kind.__new__(kind, *args)
        error.args = tuple(args)  # as in `CoreDataError.__reduce__`: `__init__` requires more than `args`
        error.__dict__.update(fields)
        return error
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return RuntimeError(text)
    try:
        built = kind(*args)
    except TypeError:  # a UnicodeDecodeError, for example, needs more than a text
        return RuntimeError(text)
    if text in {str(built), name}:
        return built
    return OSError(text) if isinstance(built, OSError) else RuntimeError(text)  # its `args` lack the file
