"""Multipart form, read only until its kind is known: the content stays unread in the connection.

aiohttp's reader takes a third of a millisecond for every text field, and a bulk upload consists of these.
"""

import re
from collections.abc import Awaitable, Callable, Mapping

from attrs import define, field

from coredata_async.sandbox.answer import refuse

_CHUNK = 256 * 1024
_LONGEST_TEXT = 1024 * 1024
_BOUNDARY = re.compile(r'(?i)multipart/.*;\s*boundary="?([^";]+)"?')
_NAME = re.compile(rb'(?im)^content-disposition:[^\r\n]*?;\s*name="?([^"\r\n;]*)')


@define(eq=False)
class Form:
    """Text fields read so far, and the position of the reader, which may be at the part `content`."""

    _read: Callable[[int], Awaitable[bytes]]
    _delimiter: bytes
    texts: dict[str, str] = field(factory=dict[str, str])
    at_content: bool = False
    _buffer: bytes = b"\r\n"  # so that the first boundary has a line end before it, like the others
    _begun: bool = False

    async def advance(self, *, until: str | None = None) -> None:
        """Read text fields up to the end, up to `content`, or until a field of this name was read."""
        if not self._begun:
            self._begun = True
            await self._up_to(self._delimiter)
        # A boundary is followed by a line end, or by "--" if it was the last one.
        while not self.at_content and not (await self._up_to(b"\r\n")).startswith(b"--"):
            name = _NAME.search(await self._up_to(b"\r\n\r\n"))
            if name is None:
                raise refuse("The form has a part without a name.")
            if name[1] == b"content":
                self.at_content = True
                return
            known = name[1].decode(errors="replace")
            self.texts[known] = (await self._up_to(self._delimiter)).decode(errors="replace")
            if known == until:
                return

    async def content(self, size: int) -> bytes:
        """Return the next bytes of the content, empty at its end; then `advance()` continues after it."""
        if not self.at_content:
            return b""
        while True:
            end = self._buffer.find(self._delimiter)
            # Bytes that may be the beginning of the boundary are held back.
            safe = end if end >= 0 else len(self._buffer) - len(self._delimiter) + 1
            if end == 0:
                self._buffer = self._buffer[len(self._delimiter) :]
                self.at_content = False
                return b""
            if safe > 0:
                piece, self._buffer = self._buffer[: min(safe, size)], self._buffer[min(safe, size) :]
                return piece
            await self._more()

    async def _up_to(self, mark: bytes) -> bytes:
        """Read everything before a mark, and the mark."""
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > _LONGEST_TEXT:
                raise refuse("The form has a text field without an end.")
            await self._more()
        taken, self._buffer = self._buffer[:end], self._buffer[end + len(mark) :]
        return taken

    async def _more(self) -> None:
        data = await self._read(_CHUNK)
        if not data:
            raise refuse("The form ends too soon.")
        self._buffer += data


def open_form(headers: Mapping[str, str], read: Callable[[int], Awaitable[bytes]]) -> Form:
    """Open a request's form, or refuse it: `files/` accepts only multipart."""
    kind = headers.get("Content-Type", "")
    if kind.partition(";")[0].strip().lower() != "multipart/form-data":
        raise refuse("Content-Type must be multipart/form-data.", 415)
    boundary = _BOUNDARY.match(kind)
    if boundary is None:
        raise refuse("Content-Type must name the boundary of the form.")
    return Form(read, b"\r\n--" + boundary[1].encode())
