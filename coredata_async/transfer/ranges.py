"""What a ranged GET asks for and what its answer says: pure reading of headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from coredata_async.message import Reply

_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@frozen(kw_only=True)
class Span:
    """A part of a file: `length` bytes from `offset` on, or all that follow."""

    offset: int = 0
    length: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the file from beginning to end."""
        return self.offset == 0 and self.length is None

    def header(self, done: int) -> Mapping[str, str]:
        """The Range header for what is left after `done` bytes."""
        first = self.offset + done
        if first == 0 and self.length is None:
            return {}
        last = "" if self.length is None else str(self.offset + self.length - 1)
        return {"Range": f"bytes={first}-{last}"}


@frozen(kw_only=True)
class Arrival:
    """What an answer to a ranged GET holds."""

    first: int
    """The place in the file where its bytes begin: 0 if the server ignored the range."""
    total: int | None
    """Length of the whole file, where it is said."""
    etag: str


def arrival(reply: Reply) -> Arrival:
    """Read the headers. Some servers answer 200 with a Content-Range all the same."""
    etag = reply.headers.get("ETag", "")
    said = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", "").strip())
    if said:
        return Arrival(first=int(said[1]), total=None if said[3] == "*" else int(said[3]), etag=etag)
    length = reply.headers.get("Content-Length", "")
    return Arrival(first=0, total=int(length) if length.isdigit() else None, etag=etag)
