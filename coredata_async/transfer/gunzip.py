"""Content that a proxy compressed although it was asked for as it is stored."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from coredata_async.message import Reply
from coredata_async.storage.dialects import etag_md5
from coredata_async.transfer.ranges import content_coding

_PIECE: Final = 1 << 20
_MAGIC: Final = b"\x1f\x8b"
_WITH_HEADER: Final = 31


def is_gzip(reply: Reply) -> bool:
    """Check whether the headers say that the content is gzip of something."""
    return content_coding(reply.headers) in {"gzip", "x-gzip"}


def is_compressed_on_the_way(reply: Reply) -> bool:
    """Check whether a response holds gzip of the stored bytes, as far as its headers tell.

    An object that was stored as gzip comes with the same Content-Encoding. It is told from content that was
    compressed on the way by its ETag, which then is the MD5 of the very bytes, and by a range, which is cut
    from the stored bytes.
    """
    return is_gzip(reply) and reply.status == HTTPStatus.OK and etag_md5(reply.headers) is None


class Gunzip:
    """Decompresses gzip of any number of members, at most 1 MiB at a time.

    Bytes that do not begin like gzip are passed on as they are: an HTTP library has decompressed them.
    """

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(_WITH_HEADER)
        self._head = b""
        self._plain: bool | None = None
        """None until the first two bytes are there."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what comes out of the next bytes.

        Raises:
            ValueError: If they are not gzip.
        """
        if self._plain is None:
            data = self._head + data
            if len(data) < len(_MAGIC) and _MAGIC.startswith(data):
                self._head = data
                return
            self._head, self._plain = b"", not data.startswith(_MAGIC)
        if self._plain:
            yield data
            return
        while data:
            if self._engine.eof:
                if not data.startswith(_MAGIC[: len(data)]):
                    return  # padding after the last member, which the command gzip ignores, too
                self._engine = zlib.decompressobj(_WITH_HEADER)
            try:
                piece = self._engine.decompress(data, _PIECE)
            except zlib.error:
                raise ValueError("the gzip stream is damaged") from None
            data = self._engine.unconsumed_tail or self._engine.unused_data
            if piece:
                yield piece

    def finish(self) -> Iterator[bytes]:
        """Yield what is left at the end.

        Raises:
            ValueError: If the end is missing.
        """
        if self._head:
            yield self._head
        elif self._plain is False and not self._engine.eof:
            raise ValueError("the gzip stream ended too early")
