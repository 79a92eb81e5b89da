"""Answers out of bytes, however these are cut: llhttp by way of httptools, and no I/O."""

from __future__ import annotations

from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from multidict import CIMultiDict

from coredata_async.transport.http11.errors import BrokenError

HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a head, or of anything else that is no body, before a server is not listened to any more."""
_INTERIM: Final = 200
"""Statuses below are only about the answer that is to come."""


class ResponseParser:
    """Reads the answers of one connection, one after the other.

    After `expect`, `feed` takes bytes until `whole`. The methods with `on_` are called by the parser.
    """

    __slots__ = (
        "_bodiless",
        "_headers",
        "_noise",
        "_parser",
        "_stale",
        "blocks",
        "dirty",
        "head",
        "keep",
        "size",
        "status",
        "whole",
    )

    def __init__(self) -> None:
        self._parser = self._new_parser()
        self._headers: list[tuple[bytes, bytes]] = []
        self._noise = 0
        self._bodiless = self._stale = False
        self.blocks: list[bytes] = []
        """What has come of the body and was not taken."""
        self.size = 0
        """Bytes in them."""
        self.status = 0
        self.head = False
        """Whether the head of the final answer is complete."""
        self.whole = True
        """Whether the answer is."""
        self.keep = True
        """Whether the server wants the connection kept."""
        self.dirty = False
        """Whether something came that nobody had asked for."""

    def expect(self, *, bodiless: bool) -> None:
        """Be ready for the answer to the next request; `bodiless` if that was HEAD."""
        if self._stale:  # what it takes for a body that is to come never does
            self._parser = self._new_parser()
        self._headers, self.blocks = [], []
        self._noise = self.size = 0
        self._bodiless = self._stale = bodiless
        self.head = self.whole = False

    def feed(self, data: bytes | memoryview) -> None:
        """Take in what came; nothing of `data` is kept.

        Raises:
            BrokenError: It is no HTTP, or its head has no end.
        """
        self._noise += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if self.whole:  # the answer itself was good; what follows must not be mixed with it
                self.dirty = True
                return
            raise BrokenError("what came is no HTTP") from None
        if self._noise > 2 * HEAD_LIMIT:
            raise BrokenError("the answer's head has no end")

    def ends_at_eof(self) -> bool:
        """Return whether an end of the connection here is the end of the answer, too."""
        if self.head and not self.whole:
            self.whole = not any(map(_has_end, self._headers))
            self.keep = False
        return self.whole

    def headers(self) -> CIMultiDict[str]:
        """Those of the answer, and of its trailer."""
        return CIMultiDict(
            [
                (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
                for name, value in self._headers
            ]
        )

    def take(self) -> bytes:
        """All of the body that has come, and was not taken."""
        blocks = self.blocks
        if not blocks:
            return b""
        self.blocks, self.size = [], 0
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def on_message_begin(self) -> None:
        """The first byte of an answer came."""
        self._check_length()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a line of the trailer, is complete."""
        self._check_length()
        self._headers.append((name, value))
        if len(self._headers) > 256 or (self._noise > HEAD_LIMIT and self._too_long()):  # noqa: PLR2004
            raise BrokenError("the answer's head has no end")
        if b"\0" in value:  # which the parser lets through, together with other odd characters
            raise BrokenError("what came is no HTTP")

    def on_headers_complete(self) -> None:
        """The head is complete; after an interim one, another follows."""
        status = self._parser.get_status_code()
        if status < _INTERIM:
            self._headers = []
            return
        self.status = status
        self.keep = self._parser.should_keep_alive()
        self.head = True
        if self._bodiless:
            self.whole = True

    def on_body(self, block: bytes) -> None:
        """A piece of the body."""
        self._check_length()
        self._noise = 0
        self.blocks.append(block)
        self.size += len(block)

    def on_message_complete(self) -> None:
        """An answer is complete."""
        if self.head:
            self.whole = True

    def _new_parser(self) -> HttpResponseParser:
        """Make a parser that is as lenient as aiohttp's with old and odd servers."""
        parser = HttpResponseParser(self)
        parser.set_dangerous_leniencies(
            lenient_headers=True,  # folded ones, and control characters in values
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        return parser

    def _check_length(self) -> None:
        if self.whole:
            raise BrokenError("nobody had asked for this")

    def _too_long(self) -> bool:
        return sum(len(name) + len(value) + 4 for name, value in self._headers) > HEAD_LIMIT


def _has_end(header: tuple[bytes, bytes]) -> bool:
    """Tell if a header announces how a body ends; if none does, the end of the connection ends it."""
    name, value = header[0].lower(), header[1].lower()
    return name == b"content-length" or (name == b"transfer-encoding" and b"chunked" in value)
