"""Blobs (API v3): stored bytes that are not registered as a File yet."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import cast
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
    """A blob name, and a presigned URL that authorises one PUT for a short time."""

    blob_name: str
    """32 hexadecimal digits; the key under which a File is registered."""
    put_url: str = field(repr=False)
    """A secret: it authorises writing. Never logged, never written to disk."""
    content_type: str | None = None
    """Declared in the reservation. The PUT must send exactly this value, or no Content-Type if it is None."""
    expires: datetime | None = None
    """Expiry by the storage's clock, if the URL contains it."""


def reserve(content_length: int, content_type: str | None) -> Call[Reservation]:
    """Reserve a blob. Sends one POST; repeating it only leaves an unused blob name."""

    def read(reply: Reply) -> Reservation:
        return read_reservation(reply, content_type)

    return Call(reservation_request(content_length, content_type), 200, read)


def reservation_request(content_length: int, content_type: str | None) -> Request:
    """Return the request that `reserve` sends."""
    if content_length < 0:
        raise ConfigurationError(f"content_length must be 0 or more, not {content_length}")
    target = f"{PATH}?content_length={content_length}"
    if content_type is not None:
        target += f"&content_type={_quote(content_type)}"
    return Request("POST", target, JSON_HEADERS)


@lru_cache(maxsize=256)
def _quote(content_type: str) -> str:
    """Encode a content type for a query.

    Cached: it takes 3.5 us, 2 % of a small file, and a job has few types.

    Raises:
        ConfigurationError: If it cannot be sent as a header.
    """
    if not content_type.isascii() or not content_type.isprintable():
        raise ConfigurationError(f"{content_type!r} is not a content type")
    return quote(content_type, safe="")


def read_reservation(reply: Reply, content_type: str | None) -> Reservation:
    """Read the response to `reserve`.

    Raises:
        ValueError: If it is not a reservation.
    """
    return Reservation(*read_name_and_url(reply), content_type)


def read_name_and_url(reply: Reply) -> tuple[str, str]:
    """Read the blob name and the signed URL in the response to `reserve`.

    Raises:
        ValueError: If it is not a reservation.
    """
    answer = from_json(reply.body)
    found = cast("dict[str, object]", answer) if isinstance(answer, dict) else {}
    name, url = found.get("blobName"), found.get("presignedUrl")
    if isinstance(name, str) and isinstance(url, str) and name and url:
        # The name is written to journals and into messages. The first check suffices for usual names.
        if (len(name) < reply.redactor.shortest and name.isalnum()) or reply.redactor.line(name) == name:
            return name, url
        problem = "not a name that can be shown"
    else:
        problem = "empty" if {"blobName", "presignedUrl"} <= found.keys() else "missing"
    raise ValueError(f"the answer is not a reservation: 'blobName' or 'presignedUrl' is {problem}")
