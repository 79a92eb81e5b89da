"""Blobs (API v3): bytes that are stored before any File speaks of them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from attrs import field, frozen

from coredata_async.call import Call
from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply, Request
from coredata_async.wire.calls import JSON_HEADERS
from coredata_async.wire.convert import from_json

PATH = "/api/v3/blob/presigned-upload-url/"


@frozen
class Reservation:
    """A place in the storage, and the right to fill it for a short while."""

    blob_name: str
    """32 hexadecimal digits; the key under which a File is registered."""
    put_url: str = field(repr=False)
    """A credential: whoever has it can write. Never logged, never written to disk."""
    content_type: str | None = None
    """Declared when reserving; the PUT must send exactly this, or no Content-Type if there is none."""
    expires: datetime | None = None
    """When the right ends, by the storage's clock, where the URL says so."""


def reserve(content_length: int, content_type: str | None) -> Call[Reservation]:
    """Ask for a signed upload URL. Repeating it leaves an unused blob name and nothing else."""

    def read(reply: Reply) -> Reservation:
        return read_reservation(reply, content_type)

    return Call(reservation_request(content_length, content_type), 200, read)


def reservation_request(content_length: int, content_type: str | None) -> Request:
    """Return what `reserve` sends."""
    if content_length < 0:
        raise ConfigurationError(f"content_length must be 0 or more, not {content_length}")
    target = f"{PATH}?content_length={content_length}"
    if content_type is not None:
        target += f"&content_type={_quote(content_type)}"
    return Request("POST", target, JSON_HEADERS)


@lru_cache(maxsize=256)
def _quote(content_type: str) -> str:
    """Encoded for a query: 3.5 us, 2 % of a small file, and a job has few kinds of files."""
    return quote(content_type, safe="")


def read_reservation(reply: Reply, content_type: str | None) -> Reservation:
    """Read what `reserve` was answered.

    Raises:
        ValueError: It is no reservation.
    """
    return Reservation(*_name_and_url(reply, from_json(reply.body)), content_type)


def _name_and_url(reply: Reply, answer: object) -> tuple[str, str]:
    match answer:
        case {"blobName": str(name), "presignedUrl": str(url)} if name and url:
            if reply.redactor.line(name) == name:  # because it is written to journals and into messages
                return name, url
            problem = "not a name that can be shown"
        case {"blobName": object(), "presignedUrl": object()}:
            problem = "empty"
        case _:
            problem = "missing"
    raise ValueError(f"the answer is no reservation: 'blobName' or 'presignedUrl' is {problem}")
