"""Files attached to an activity: opened, encoded as base64 or as parts of a form, and sent in one request.

Neither encoding is documented, apart from `files[1][name]`; try which one a server accepts.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Final, Literal, cast
from urllib.parse import parse_qsl, quote

from attrs import evolve, field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.fivepm.request_style import URLENCODED
from coredata_async.message import Body, Request
from coredata_async.storage.bodies import INLINE
from coredata_async.storage.sources import Source, label, name_of, prepare

Piece = bytes | Body
Encoding = Literal["base64", "multipart"]

_END: Final = b"\r\n"
_PATIENCE = 2.5
"""Factor for the response timeout: one request carries all the bytes, so its response comes late."""


def size_of(piece: Piece) -> int:
    """Return the number of bytes in a piece."""
    return len(piece) if isinstance(piece, bytes) else piece.size


async def blocks_of(piece: Piece) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a piece in one pass."""
    if isinstance(piece, bytes):
        yield piece
        return
    async with aclosing(piece.chunks()) as blocks:
        async for block in blocks:
            yield block


@frozen
class Joined:
    """Pieces one after the other, sent as one body."""

    pieces: tuple[Piece, ...] = field(repr=False)

    @property
    def size(self) -> int:
        """Total length in bytes."""
        return sum(size_of(piece) for piece in self.pieces)

    @property
    def replayable(self) -> bool:
        """True if every piece is replayable."""
        return all(isinstance(piece, bytes) or piece.replayable for piece in self.pieces)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of all pieces in one pass."""
        for piece in self.pieces:
            async with aclosing(blocks_of(piece)) as blocks:
                async for block in blocks:
                    yield block


def join(*pieces: Piece) -> Piece:
    """Join pieces to one: bytes if all of them are bytes."""
    held = [piece for piece in pieces if isinstance(piece, bytes)]
    return b"".join(held) if len(held) == len(pieces) else Joined(pieces)


_ESCAPES: Final = ((b"+", b"%2B"), (b"/", b"%2F"), (b"=", b"%3D"))


def as_base64(data: bytes) -> bytes:
    """Encode bytes as base64 for a form value; the three characters with a meaning there are escaped."""
    text = b64encode(data)
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return text


@frozen
class Base64:
    """Piece as base64 in a form, encoded while it is sent: memory is one block.

    Its length depends on the bytes, because `+` and `/` grow when they are escaped. It is therefore measured
    in a separate pass, see `measure`.
    """

    piece: Piece = field(repr=False)
    size: int

    @property
    def replayable(self) -> bool:
        """True if the piece is replayable."""
        return isinstance(self.piece, bytes) or self.piece.replayable

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the encoded bytes in one pass over the piece."""
        rest = b""
        async with aclosing(blocks_of(self.piece)) as blocks:
            async for block in blocks:
                data = rest + block
                whole = len(data) - len(data) % 3  # only the last block may end in `=`
                data, rest = data[:whole], data[whole:]
                if data:
                    yield await _encode(data)
        if rest:
            yield as_base64(rest)


async def measure(piece: Piece) -> Base64:
    """Return the piece as base64 with its length, which requires reading the piece once."""
    size = 0
    async with aclosing(Base64(piece, 0).chunks()) as blocks:
        async for block in blocks:
            size += len(block)
    return Base64(piece, size)


async def _encode(data: bytes) -> bytes:
    if len(data) <= INLINE:
        return as_base64(data)
    return await asyncio.to_thread(as_base64, data)


@frozen
class EncodableFile:
    """File to send, prepared."""

    name: str
    content: Piece = field(repr=False)
    fields: tuple[str, str]
    """Names of the two fields, such as `files[1][name]` and `files[1][content]`."""


@frozen
class Encoded:
    """Body and its Content-Type."""

    content_type: str
    body: Piece = field(repr=False)


FileNames = Callable[[int], tuple[str, str]]
"""Function from a file's number, counted from 1, to the names of the fields for its name and content."""
Encoder = Callable[[bytes, Sequence[EncodableFile]], Awaitable[Encoded]]
"""Function that builds one body from the other fields, which are urlencoded, and from files."""


def default_file_names(number: int) -> tuple[str, str]:
    """Return `files[1][name]` as in the vendor's example, and `files[1][content]`, which is a guess."""
    return f"files[{number}][name]", f"files[{number}][content]"


async def base64_form(fields: bytes, files: Sequence[EncodableFile]) -> Encoded:
    """Build a urlencoded form: `files[1][name]`, and the bytes as base64 in `files[1][content]`.

    Each file is read twice, the first time to measure the encoded length; memory is one block.
    """
    pieces: list[Piece] = [fields]
    for index, file in enumerate(files):
        before = b"&" if index or fields else b""
        name, content = (quote(field, safe="") for field in file.fields)
        pieces.append(before + f"{name}={quote(file.name, safe='')}&{content}=".encode())
        pieces.append(await measure(file.content))
    return Encoded(URLENCODED, join(*pieces))


async def multipart_form(fields: bytes, files: Sequence[EncodableFile]) -> Encoded:
    """Build a multipart form: `files[1][name]` as a field, and the bytes as the part `files[1][content]`."""
    mark = secrets.token_hex(16)
    pieces: list[Piece] = [
        _part(mark, f'name="{name}"') + value.encode() + _END
        for name, value in parse_qsl(fields.decode(), keep_blank_values=True)
    ]
    for file in files:
        name, content = file.fields
        pieces.append(_part(mark, f'name="{name}"') + file.name.encode() + _END)
        what = f'name="{content}"; filename="{_unquotable(file.name)}"'
        pieces.append(_part(mark, what, "Content-Type: application/octet-stream\r\n"))
        pieces.extend((file.content, _END))
    pieces.append(f"--{mark}--\r\n".encode())
    return Encoded(f"multipart/form-data; boundary={mark}", join(*pieces))


ENCODERS: Final[dict[Encoding, Encoder]] = {"base64": base64_form, "multipart": multipart_form}


def _part(mark: str, what: str, more: str = "") -> bytes:
    return f"--{mark}\r\nContent-Disposition: form-data; {what}\r\n{more}\r\n".encode()


def _unquotable(name: str) -> str:
    """Escape only characters that would end the name, as browsers do, because PHP keeps `%20` literally."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


@frozen(kw_only=True)
class Attachment:
    """File to attach, with the facts that its source does not contain."""

    source: Source = field(repr=label)
    name: str | None = None
    """Defaults to the name of the path or file."""
    size: int | None = None
    """Length in bytes. With the encoding `multipart`, a stream of known size is spooled while it is sent."""

    def file_name(self) -> str:
        """Return the file name.

        Raises:
            ConfigurationError: If the source has none.
        """
        name = self.name if self.name is not None else name_of(self.source)
        if not name:
            raise ConfigurationError(
                f"{label(self.source)} has no name of its own; pass Attachment(source=…, name=…)"
            )
        return name


def attachments(files: Iterable[Source | Attachment] | Source | Attachment) -> tuple[Attachment, ...]:
    """Return the files as attachments.

    Raises:
        ConfigurationError: If the list is empty, or a file has no name.
        TypeError: If a single source is given instead of a list.
    """
    if isinstance(files, str | bytes | bytearray | memoryview | Attachment) or hasattr(files, "read"):
        raise TypeError("attach expects a list of files: [file]")
    if not isinstance(files, Iterable):
        raise TypeError(f"attach expects a list of files, not a {type(files).__name__}")
    found: list[Attachment] = []
    given = cast("Iterable[Source | Attachment]", files)  # type: ignore[redundant-cast]  # pyright wants it
    for each in given:
        one = each if isinstance(each, Attachment) else Attachment(source=each)
        found.append(evolve(one, name=one.file_name()))
    if not found:
        raise ConfigurationError("the list of files to attach is empty")
    return tuple(found)


@frozen
class FileEncoding:
    """Encoding of files, and the factor for the response timeout."""

    encoder: Encoder
    names: FileNames


@asynccontextmanager
async def with_files(
    request: Request, files: Sequence[Attachment], how: FileEncoding
) -> AsyncGenerator[Request, None]:
    """Yield the request with the files in its body; the files are open meanwhile.

    Raises:
        SourceError: If a file does not exist or cannot be read.
        SourceChangedError: While the body is sent, if a file has changed since it was opened.
    """
    fields = request.body if isinstance(request.body, bytes) else b""
    async with AsyncExitStack() as stack:
        enclosed: list[EncodableFile] = []
        for number, each in enumerate(files, 1):
            # Only a multipart body is built without reading the source before.
            size = each.size if how.encoder is multipart_form else None
            source = await stack.enter_async_context(prepare(each.source, size))
            enclosed.append(EncodableFile(each.file_name(), source.body, how.names(number)))
        encoded = await how.encoder(fields, enclosed)
        headers = {**request.headers, "Content-Type": encoded.content_type}
        yield evolve(request, headers=headers, body=encoded.body, patience=_PATIENCE)
