"""Decompression of content that a proxy compressed although the stored bytes were requested."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from coredata_async.message import Reply
from coredata_async.storage.put_result import etag_md5
from coredata_async.transfer.ranges import content_coding

_PIECE: Final = 1 << 20
_MAGIC: Final = b"\x1f\x8b"
_WITH_HEADER: Final = 31


def is_gzip(reply: Reply) -> bool:
    """Return whether the headers declare gzip."""
    return content_coding(reply.headers) in {"gzip", "x-gzip"}


def is_compressed_on_the_way(reply: Reply) -> bool:
    """Return whether a response is gzip of the stored bytes, as far as its headers show.

    An object that was stored as gzip has the same Content-Encoding. Two things distinguish it from content
    that was compressed on the way: its ETag, which is the MD5 of exactly these bytes, and a range, which is
    cut from the stored bytes.
    """
    return is_gzip(reply) and reply.status == HTTPStatus.OK and etag_md5(reply.headers) is None


class Gunzip:
    """Decompressor of gzip with any number of members, at most 1 MiB at a time.

    Bytes that do not begin like gzip are passed on unchanged: an HTTP library has decompressed them.
    """

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(_WITH_HEADER)
        self._head = b""
        self._plain: bool | None = None
        """None until the first two bytes have arrived."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed pieces of the next bytes.

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
                    return  # padding after the last member, which the command gzip ignores as well
                self._engine = zlib.decompressobj(_WITH_HEADER)
            try:
                piece = self._engine.decompress(data, _PIECE)
            except zlib.error:
                raise ValueError("the gzip stream is damaged") from None
            data = self._engine.unconsumed_tail or self._engine.unused_data
            if piece:
                yield piece

    def finish(self) -> Iterator[bytes]:
        """Yield the remaining bytes at the end.

        Raises:
            ValueError: If the end is missing.
        """
        if self._head:
            yield self._head
        elif self._plain is False and not self._engine.eof:
            raise ValueError("the gzip stream ended too early")
