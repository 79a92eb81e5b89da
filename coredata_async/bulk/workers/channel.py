"""Channel between parent and worker: frames of plain values over a socket pair, several messages in each.

Messages are encoded with `marshal`: both ends run the same Python, and unlike a pickle it creates only plain
values and runs no code. Encoding and decoding a message takes 1.2 us, with `json` 2.9; each file needs five.
"""

from __future__ import annotations

import asyncio
import marshal
from collections.abc import Callable
from typing import Any, Final, cast

from coredata_async.secret import Secret

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
