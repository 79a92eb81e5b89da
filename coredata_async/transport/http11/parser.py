"""Response parser without I/O: llhttp through httptools, for bytes in arbitrary pieces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from multidict import CIMultiDict

from coredata_async.transport.http11.errors import BrokenError

HEAD_LIMIT: Final = 64 * 1024
"""Maximum bytes of a head, or of anything else outside a body, before the connection fails."""
ALLOWANCE: Final = 17
"""Bytes that may be received for each byte of a body, itself included: chunks of one byte take six."""
MAX_HEADERS: Final = 256
"""Maximum number of headers of a response."""
_INTERIM: Final = 200
"""Statuses below this one are interim responses."""

_UNSOLICITED: Final = "the data is unsolicited"


class ResponseParser:
    """Parser for the responses of one connection, one after the other.

    After `expect`, `feed` processes bytes until `complete`. The methods with `on_` are called by httptools.
    """

    __slots__ = (
        "_bodiless",
        "_header_bytes",
        "_parser",
        "_stale",
        "blocks",
        "complete",
        "head",
        "headers",
        "keep",
        "size",
        "status",
        "unexpected_data",
    )

    def __init__(self) -> None:
        self._parser = self._new_parser()
        self._header_bytes = 0
        self._bodiless = self._stale = False
        self.headers: CIMultiDict[str] = CIMultiDict()
        """Headers of the response. Those of its trailer are dropped: they must not be taken for headers
        (RFC 9110, 6.5.1), and come after the code that reads the headers of a streamed response.
        """
        self.blocks: list[bytes] = []
        """Received blocks of the body that were not taken yet."""
        self.size = 0
        """Their total size, in bytes."""
        self.status = 0
        self.head = False
        """True if the head of the final response is complete."""
        self.complete = True
        """True if the response is complete."""
        self.keep = True
        """True if the server keeps the connection open."""
        self.unexpected_data = False
        """True if unsolicited data was received."""

    def expect(self, *, bodiless: bool) -> None:
        """Prepare for the response to the next request; `bodiless` if that is a HEAD."""
        if self._stale:  # the old parser still waits for a body that never comes
            self._parser = self._new_parser()
        self.headers, self.blocks = CIMultiDict(), []
        self._header_bytes = self.size = 0
        self._bodiless = self._stale = bodiless
        self.head = self.complete = False

    def feed(self, data: bytes | memoryview) -> None:
        """Process received bytes. Keeps no reference to `data`.

        Raises:
            BrokenError: If it is not HTTP, or the head exceeds its limit.
        """
        self._header_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if self.complete:  # the response was valid; the bytes after it must not be mixed with it
                self.unexpected_data = True
                return
            raise BrokenError("the response is not valid HTTP") from None
        if self._header_bytes > 2 * HEAD_LIMIT:
            raise BrokenError("the response's head is too long")

    def ends_at_eof(self) -> bool:
        """Return whether the end of the connection is also the end of the response."""
        if self.head and not self.complete:
            self.complete = "Content-Length" not in self.headers and not any(
                "chunked" in each.lower() for each in self.headers.getall("Transfer-Encoding", ())
            )
            self.keep = False
        return self.complete

    def take(self) -> bytes:
        """Return and remove the received part of the body."""
        blocks = self.blocks
        if not blocks:
            return b""
        self.blocks, self.size = [], 0
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def on_message_begin(self) -> None:
        """Handle the first byte of a response."""
        if self.complete:
            raise BrokenError(_UNSOLICITED)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handle a complete header or trailer line."""
        if self.complete:
            raise BrokenError(_UNSOLICITED)
        if self.head:  # a trailer
            return
        self.headers.add(name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        if len(self.headers) > MAX_HEADERS or (self._header_bytes > HEAD_LIMIT and self._is_too_long()):
            raise BrokenError("the response's head is too long")
        if 0 in value:  # a NUL, which the parser accepts, as it does other control characters
            raise BrokenError("the response is not valid HTTP")

    def on_headers_complete(self) -> None:
        """Handle a complete head; an interim one is followed by another."""
        status = self._parser.get_status_code()
        if status < _INTERIM:
            self.headers = CIMultiDict()
            return
        if "Transfer-Encoding" in self.headers and not is_body_readable(
            self.headers.getall("Transfer-Encoding")
        ):
            raise BrokenError("the transfer coding is unknown")
        self.status = status
        self.keep = self._parser.should_keep_alive()
        self.head = True
        if self._bodiless:
            self.complete = True

    def on_body(self, block: bytes) -> None:
        """Handle a piece of the body."""
        if self.complete:
            raise BrokenError(_UNSOLICITED)
        self._header_bytes = max(0, self._header_bytes - len(block) * ALLOWANCE)
        self.blocks.append(block)
        self.size += len(block)

    def on_message_complete(self) -> None:
        """Handle the end of a response."""
        if self.head:
            self.complete = True

    def _new_parser(self) -> HttpResponseParser:
        """Return a parser that is as lenient as aiohttp's with old and odd servers."""
        parser = HttpResponseParser(self)
        parser.set_dangerous_leniencies(
            lenient_headers=True,  # folded headers, and control characters in values
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        return parser

    def _is_too_long(self) -> bool:
        return sum(len(name) + len(value) + 4 for name, value in self.headers.items()) > HEAD_LIMIT


def is_body_readable(codings: Iterable[str]) -> bool:
    """Return whether the body is sent as it is, or in chunks.

    Requests announce no other transfer coding. If a gateway sends one all the same, or a list of them, its
    framing or its compressed bytes would be taken for the content.

    Args:
        codings: The values of Transfer-Encoding.
    """
    names = [name.strip(" \t").lower() for name in ",".join(codings).split(",")]
    return names in (["chunked"], ["identity"], [""])
