"""Encoders of files in a form: as base64 in fields, or as parts of a multipart body.

Neither is documented, apart from `files[1][name]`; try which one a server accepts.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal
from urllib.parse import parse_qsl, quote

from attrs import field, frozen

from coredata_async.fivepm.bodies import Piece, join, measure
from coredata_async.fivepm.request_style import URLENCODED

Encoding = Literal["base64", "multipart"]


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


_END: Final = b"\r\n"

ENCODERS: Final[dict[Encoding, Encoder]] = {"base64": base64_form, "multipart": multipart_form}


def _part(mark: str, what: str, more: str = "") -> bytes:
    return f"--{mark}\r\nContent-Disposition: form-data; {what}\r\n{more}\r\n".encode()


def _unquotable(name: str) -> str:
    """Escape only characters that would end the name, as browsers do, because PHP keeps `%20` literally."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
