"""The three steps of an upload as states: Planned -> Reserved -> Stored -> Registered.

Each state is a value that offers `request()`, the next request to send, and `next(request, reply)`, the state
that follows. Nothing here sends, waits or reads a clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from string import ascii_letters, digits
from typing import Final
from urllib.parse import quote

from attrs import field, frozen

from coredata_async.call import Call, read_created_id
from coredata_async.errors import ChecksumMismatchError, OutcomeUnknownError, StorageError
from coredata_async.message import Body, Reply, Request, date_of
from coredata_async.plain_data import PlainData
from coredata_async.storage import dialects
from coredata_async.storage.put_result import PutResult, classify_put, etag_digest, etag_md5
from coredata_async.wire.blobs import read_name_and_url, reservation_request
from coredata_async.wire.files import NewFile, registration_request

OK: Final = int(HTTPStatus.OK)
_UNENCODED: Final = " !#$&'()+,-.;=@[]^_`{}~"
_PLAIN: Final = (ascii_letters + digits + _UNENCODED).encode()
"""Bytes of a file name that the header `Slug` has unchanged."""
CREATED: Final = int(HTTPStatus.CREATED)
ROUNDS: Final = 3
"""Maximum number of registrations of one upload that may be lost before it stays open."""
BLOB_LIFE: Final = 12 * 3600.0
"""Seconds for which stored bytes without a File are assumed to be kept."""


@frozen(kw_only=True)
class Planned:
    """Nothing has been sent, or nothing that still matters."""

    size: int
    content_type: str | None
    filename: str | None = field(default=None, eq=False)
    """Sent as the header `Slug` with the bytes, as on the vendor's page; no signature covers it."""

    def to_dict(self) -> dict[str, object]:
        """Return the state as JSON-compatible data."""
        return {"size": self.size, "content_type": self.content_type, "filename": self.filename}

    @classmethod
    def from_dict(cls, data: object) -> Planned:
        """Read what `to_dict` returned.

        Raises:
            ConfigurationError: If it is something else.
        """
        fields = PlainData.of(data, "a planned upload")
        return cls(
            size=fields.integer("size"),
            content_type=fields.optional_text("content_type"),
            filename=fields.optional_text("filename"),
        )

    def request(self) -> Request:
        """Return the request for a signed URL."""
        return reservation_request(self.size, self.content_type)

    def next(self, request: Request, reply: Reply) -> Reserved:
        """Read the reservation."""
        blob, url = Call(request, OK, read_name_and_url).answer(reply)
        return Reserved(self, blob, url, since=read_date(reply.headers.get("Date", "")))


@frozen
class Reserved:
    """The storage accepts the bytes for a limited time.

    Never written to disk, because the URL is a secret.
    """

    plan: Planned
    blob: str
    put_url: str = field(repr=False)
    since: datetime | None = None
    """Time of the reservation by the server's clock: no File of this blob is older."""

    def request(self, body: Body | bytes, *, typed: bool = True) -> Request:
        """Return the PUT: no credential but the URL, and exactly the declared Content-Type.

        Args:
            body: The bytes.
            typed: False omits Content-Type, for a storage whose signature does not cover it.
        """
        headers: dict[str, str] = {}
        if typed and self.plan.content_type is not None:
            headers["Content-Type"] = self.plan.content_type
        if self.plan.filename:
            headers["Slug"] = _slug(self.plan.filename)
        return Request("PUT", self.put_url, headers, body)

    def next(self, request: Request, reply: Reply, *, md5: str = "") -> Stored | Planned:
        """Return the next state: stored, or planned again because the URL had expired.

        Args:
            request: The request that was sent.
            reply: The response of the storage.
            md5: MD5 of the bytes that were sent; empty if it is not known.

        Raises:
            StorageError: If the storage refused, or something else answered; `transient` if a retry may
                succeed.
            ChecksumMismatchError: If the storage received other bytes.
        """
        match classify_put(reply, md5):
            case PutResult.STORED:
                # The digest by which the storage proves its bytes, if any.
                etag = etag_digest(reply.headers) if md5 else etag_md5(reply.headers)
                proof = etag if etag == md5 or not md5 else None
                return Stored(self.plan, self.blob, md5, etag=proof, since=self.since)
            case PutResult.EXPIRED:
                return self.plan
            case PutResult.MISMATCH:
                raise self._mismatch(reply, md5)
            case PutResult.NOT_STORAGE:
                raise self._failure(
                    reply,
                    "something other than the storage answered the PUT: "
                    f"{reply.status} {reply.header_line('Content-Type')}".rstrip(),
                    "look for a sign-in page or a proxy on the way to the storage; nothing was registered",
                    transient=True,
                )
            case result:
                why = dialects.refusal(reply)
                raise self._failure(
                    reply,
                    f"the storage refused the bytes: {why.summary}",
                    why.advice,
                    code=why.code or None,
                    transient=result is PutResult.TRANSIENT,
                )

    def _failure(
        self, reply: Reply, words: str, advice: str, *, transient: bool, code: str | None = None
    ) -> StorageError:
        return StorageError(
            f"{words} (attempt {reply.attempts})" + (f"; {advice}" if advice else ""),
            stage="put",
            total=self.plan.size,
            status=reply.status,
            storage_code=code,
            transient=transient,
        )

    def _mismatch(self, reply: Reply, md5: str) -> ChecksumMismatchError:
        actual = reply.redactor(etag_digest(reply.headers) or "")
        held = f"MD5 {actual}, not {md5}" if actual else dialects.refusal(reply).summary
        return ChecksumMismatchError(
            f"the storage received other bytes than were sent ({held}); nothing was registered; "
            "upload it again; if that fails as well, look for a proxy that changes bytes",
            stage="put",
            expected=md5,
            actual=actual,
            sent=self.plan.size,
            total=self.plan.size,
        )


def _slug(filename: str) -> str:
    """Encode a file name for the header `Slug` (RFC 5023, section 9.7): percent-encoded UTF-8."""
    data = filename.encode("utf-8", "replace")
    return quote(data, safe=_UNENCODED) if data.translate(None, _PLAIN) else filename


@frozen
class Stored:
    """The bytes are in the storage; no File references the blob yet."""

    plan: Planned
    blob: str
    md5: str
    etag: str | None = None
    """The MD5 that the storage returned, or None; if present, it equals `md5`."""
    since: datetime | None = None
    """See `Reserved`."""

    def to_dict(self) -> dict[str, object]:
        """Return the state as JSON-compatible data, without URL or key."""
        return {
            "plan": self.plan.to_dict(),
            "blob": self.blob,
            "md5": self.md5,
            "etag": self.etag,
            "since": None if self.since is None else self.since.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: object) -> Stored:
        """Read what `to_dict` returned.

        Raises:
            ConfigurationError: If it is something else.
        """
        fields = PlainData.of(data, "a stored upload")
        return cls(
            Planned.from_dict(fields.fields.get("plan")),
            fields.text("blob"),
            fields.text("md5"),
            etag=fields.optional_text("etag"),
            since=fields.time("since"),
        )

    def request(self, new: NewFile) -> Request:
        """Return the request that registers the blob as a File."""
        return registration_request(new, self.blob)

    def next(self, request: Request, reply: Reply) -> Registered | Unsettled:
        """Return the state that the reply proves: registered, or unsettled because the outcome is ambiguous.

        Raises:
            APIError: If the service refused; no File was created.
        """
        try:
            return Registered(self, Call(request, CREATED, read_created_id).answer(reply))
        except OutcomeUnknownError as exc:
            return Unsettled(self, str(exc.__cause__))


@frozen
class Unsettled:
    """The registration was sent, and its outcome is unknown."""

    stored: Stored
    reason: str
    """Text for the error message, if the outcome stays unknown."""

    def to_dict(self) -> dict[str, object]:
        """Return the state as JSON-compatible data, without URL or key."""
        return {"stored": self.stored.to_dict(), "reason": self.reason}

    @classmethod
    def from_dict(cls, data: object) -> Unsettled:
        """Read what `to_dict` returned.

        Raises:
            ConfigurationError: If it is something else.
        """
        fields = PlainData.of(data, "an unsettled upload")
        return cls(Stored.from_dict(fields.fields.get("stored")), fields.text("reason"))


@frozen
class Registered:
    """The upload is complete."""

    stored: Stored
    file_id: str
    duplicates: tuple[str, ...] = ()
    """Further Files of the same blob, which should not exist."""

    def to_dict(self) -> dict[str, object]:
        """Return the state as JSON-compatible data, without URL or key."""
        return {"stored": self.stored.to_dict(), "file_id": self.file_id, "duplicates": list(self.duplicates)}

    @classmethod
    def from_dict(cls, data: object) -> Registered:
        """Read what `to_dict` returned.

        Raises:
            ConfigurationError: If it is something else.
        """
        fields = PlainData.of(data, "a registered upload")
        stored = Stored.from_dict(fields.fields.get("stored"))
        return cls(stored, fields.text("file_id"), fields.texts("duplicates"))


State = Planned | Reserved | Stored | Unsettled | Registered
OnStage = Callable[[State], Awaitable[None]]
"""Called with the state in which a stage of an upload begins."""

read_date: Final = lru_cache(maxsize=8)(date_of)
"""Reads the Date of a reply.

Cached: it takes 9 us, 4 % of a small file, and the date changes once a second.
"""
