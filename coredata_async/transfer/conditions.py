"""Range, If-Range and If-None-Match of a web request, and their evaluation (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Self

from attrs import frozen

from coredata_async.message import Reply, date_of
from coredata_async.transfer.gunzip import is_compressed_on_the_way
from coredata_async.transfer.ranges import ByteRange

_RANGE: Final = re.compile(r"bytes=(.*)", re.IGNORECASE)
_SPEC: Final = re.compile(r"([0-9]*)-([0-9]*)")
_LONGEST: Final = 200
"""Maximum number of characters of a Range header that is read: one range of any size needs fewer."""
_FARTHEST: Final = 10**18 - 1
"""Maximum position that is sent to the storage, because some storages count in 64 bits."""
_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')
_BARE_TAG: Final = re.compile(r"[0-9A-Za-z._:+/=-]+")
_SETTLED: Final = timedelta(seconds=1)


@frozen
class WebRange:
    """The only range of a Range header."""

    first: int | None
    """Position of the first byte; None for the last `last` bytes of the file."""
    last: int | None
    """Position of the last byte, or length of a suffix; None for everything from `first` on."""

    @classmethod
    def parse(cls, header: str | None) -> Self | None:
        """Read a Range header; return None if the whole file must be sent.

        This applies without a header, to several ranges, to another unit, and to an invalid header, because a
        server may ignore those.
        """
        ranges = _RANGE.fullmatch(header.strip()) if header and len(header) <= _LONGEST else None
        specs = [each.strip(" \t") for each in ranges[1].split(",")] if ranges else []
        specs = [each for each in specs if each]
        match = _SPEC.fullmatch(specs[0]) if len(specs) == 1 else None
        if match is None or match[0] == "-":
            return None
        first, last = (min(int(text), _FARTHEST) if text else None for text in match.groups())
        if first is not None and last is not None and last < first:
            return None
        return cls(first, last)

    def header(self) -> Mapping[str, str]:
        """Return the Range header for the storage."""
        first, last = ("" if each is None else str(each) for each in (self.first, self.last))
        return {"Range": f"bytes={first}-{last}"}

    def place(self, total: int) -> ByteRange | None:
        """Return the range in a file of `total` bytes; None if it contains none of them."""
        if self.first is None:
            length = min(self.last or 0, total)
            return ByteRange(offset=total - length, length=length) if length else None
        if self.first >= total:
            return None
        stop = total if self.last is None else min(self.last + 1, total)
        return ByteRange(offset=self.first, length=stop - self.first)


@frozen(kw_only=True)
class Conditions:
    """The headers of a web request that select its response."""

    range: WebRange | None = None
    if_range: str = ""
    """A strong ETag or a date that the file must have for a range; otherwise the whole file is sent. Empty
    for none.
    """
    if_none_match: tuple[str, ...] = ()
    """ETags of the client's copies, or `*`."""

    @classmethod
    def parse(cls, range: str | None, if_range: str | None, if_none_match: str | None) -> Self:  # noqa: A002
        """Read the three headers, each None if the request does not have it.

        A Range is ignored if its If-Range cannot hold: a weak ETag, or another text than an ETag or a date.
        """
        condition = (if_range or "").strip()
        possible = if_range is None or _is_strong(condition) or date_of(condition) is not None
        listed = (if_none_match or "").strip()
        return cls(
            range=WebRange.parse(range) if possible else None,
            if_range=condition if possible else "",
            if_none_match=("*",) if listed == "*" else tuple(_TAG.findall(listed)),
        )

    def headers(self) -> Mapping[str, str]:
        """Return the headers for the storage, whose own 304 saves the connection."""
        headers: dict[str, str] = {}
        if self.range is not None:
            headers |= self.range.header()
            if self.if_range:
                headers["If-Range"] = self.if_range
        if self.if_none_match and "*" not in self.if_none_match:
            headers["If-None-Match"] = ", ".join(self.if_none_match)
        return headers

    def is_known(self, reply: Reply) -> bool:
        """Return whether the client has the content of a response, by weak comparison of ETags."""
        if "*" in self.if_none_match:
            return True
        tag = etag_of(reply)
        return tag is not None and _opaque(tag) in {_opaque(each) for each in self.if_none_match}

    def is_range_due(self, reply: Reply) -> bool:
        """Return whether a part must be sent: If-Range is absent, or the response meets it."""
        if self.range is None:
            return False
        if not self.if_range:
            return True
        if _is_strong(self.if_range):
            return self.if_range == etag_of(reply)
        return _is_dated(self.if_range, reply.headers)


def etag_of(reply: Reply) -> str | None:
    """Return the ETag of the returned bytes, in quotes; None if it is absent or invalid.

    It is weak if the content was compressed on the way, because then it is the ETag of other bytes.
    """
    tag = reply.headers.get("ETag", "").strip()
    if _BARE_TAG.fullmatch(tag):  # some storages omit the quotes
        tag = f'"{tag}"'
    if not _TAG.fullmatch(tag):
        return None
    return f'W/"{_opaque(tag)}"' if is_compressed_on_the_way(reply) else tag


def _is_dated(condition: str, headers: Mapping[str, str]) -> bool:
    """Compare a date with Last-Modified.

    Dates count seconds. A date less than a second older than the response may belong to two contents (RFC
    9110, 8.8.2.2).
    """
    modified, now = date_of(headers.get("Last-Modified", "")), date_of(headers.get("Date", ""))
    if modified is None or modified != date_of(condition):
        return False
    return now is None or now - modified >= _SETTLED


def _is_strong(tag: str) -> bool:
    return _TAG.fullmatch(tag) is not None and not tag.startswith("W/")


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/").strip('"')
