"""What a client does with blobs: reserve one, for people who bring their own PUT."""

from __future__ import annotations

from attrs import evolve

from coredata_async.call import perform
from coredata_async.message import Send
from coredata_async.storage.dialects import expiry
from coredata_async.wire.blobs import Reservation, reserve


class Blobs:
    """Places in the storage, before any File speaks of them."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def reserve(self, *, content_length: int, content_type: str | None = None) -> Reservation:
        """Reserve a place and get the signed URL to fill it: one exchange.

        PUT exactly `content_length` bytes to `put_url`, used byte for byte, with exactly this
        Content-Type (or none, if none is given), a Content-Length, and no Authorization. Then make a File
        of it with `files.create(blob_name=…)`. Reserving twice leaves an unused name and nothing else.

        Args:
            content_length: Bytes.
            content_type: MIME type to declare.

        See: https://docs.wise.is/cored/files-v3
        """
        reserved = await perform(self._send, reserve(content_length, content_type))
        return evolve(reserved, expires=expiry(reserved.put_url))
