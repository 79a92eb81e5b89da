"""The three steps of an upload as states: Planned -> Reserved -> Stored -> Registered.

Each state is a value that offers `request()`, what to send next, and `next(request, reply)`, the state
that follows. Nothing here sends, waits or reads a clock.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from attrs import field, frozen

from coredata_async.call import Call
from coredata_async.errors import ChecksumMismatchError, OutcomeUnknownError, StorageError
from coredata_async.message import Body, Reply, Request, date_of
from coredata_async.storage import dialects
from coredata_async.wire.blobs import reservation, reserving
from coredata_async.wire.calls import created_id
from coredata_async.wire.files import NewFile, registering

OK: Final = int(HTTPStatus.OK)
CREATED: Final = int(HTTPStatus.CREATED)


@frozen(kw_only=True)
class Planned:
    """Nothing has happened yet, or nothing that matters any more."""

    size: int
    content_type: str | None

    def request(self) -> Request:
        """Ask for a signed URL."""
        return reserving(self.size, self.content_type)

    def next(self, request: Request, reply: Reply) -> Reserved:
        """Read the reservation."""
        reserved = Call(request, OK, lambda found: reservation(found, self.content_type)).answer(reply)
        return Reserved(self, reserved.blob_name, reserved.put_url, since=_date(reply))


@frozen
class Reserved:
    """The storage awaits the bytes for a while. Never written down: the URL is a secret."""

    plan: Planned
    blob: str
    put_url: str = field(repr=False)
    since: datetime | None = None
    """When it was reserved, by the server's clock: no File of this blob is older."""

    def request(self, body: Body | bytes) -> Request:
        """Send the bytes: no credential but the URL, and exactly the declared Content-Type."""
        headers = {} if self.plan.content_type is None else {"Content-Type": self.plan.content_type}
        return Request("PUT", self.put_url, headers, body)

    def next(self, request: Request, reply: Reply, *, md5: str = "") -> Stored | Planned:
        """Stored, or planned anew because the URL had expired.

        Args:
            request: What was sent.
            reply: What the storage said.
            md5: Of the bytes that were sent; empty if it is not known.

        Raises:
            StorageError: The storage refused.
            ChecksumMismatchError: It says it holds other bytes.
        """
        if 200 <= reply.status < 300:  # noqa: PLR2004  # CoreData's answers 201, S3 200
            return Stored(self.plan, self.blob, md5, etag=self._checked(reply, md5), since=self.since)
        why = dialects.refusal(reply)
        if why.expired:
            return self.plan
        raise StorageError(
            f"the storage refused the bytes: {why.words} (attempt {reply.attempts})"
            + (f"; {why.advice}" if why.advice else ""),
            stage="put",
            total=self.plan.size,
            status=reply.status,
            storage_code=why.code or None,
        )

    def _checked(self, reply: Reply, md5: str) -> str | None:
        etag = dialects.etag_md5(reply.headers)
        if etag is not None and md5 and etag != md5:
            raise ChecksumMismatchError(
                f"the storage holds other bytes than were sent (MD5 {etag}, not {md5}); nothing was "
                "registered; upload it again",
                stage="put",
                expected=md5,
                actual=etag,
                sent=self.plan.size,
                total=self.plan.size,
            )
        return etag


@frozen
class Stored:
    """The bytes are in the storage, and no File speaks of them yet."""

    plan: Planned
    blob: str
    md5: str
    etag: str | None = None
    """The MD5 the storage gave, if it gave one; then it equals `md5`."""
    since: datetime | None = None
    """See `Reserved`."""

    def request(self, new: NewFile) -> Request:
        """Make a File of the blob."""
        return registering(new, self.blob)

    def next(self, request: Request, reply: Reply) -> Registered | Unsettled:
        """Give the state that the reply proves: registered, or unsettled because it leaves that open.

        Raises:
            APIError: If the service refused; no File was made.
        """
        try:
            return Registered(self, Call(request, CREATED, created_id).answer(reply))
        except OutcomeUnknownError as exc:
            return Unsettled(self, str(exc.__cause__))


@frozen
class Unsettled:
    """The service was asked to register, and whether it did is not known."""

    stored: Stored
    why: str
    """In words, for the message should it stay so."""


@frozen
class Registered:
    """The upload is complete."""

    stored: Stored
    file_id: str
    twins: tuple[str, ...] = ()
    """Further Files of the same blob, which there should not be."""


def _date(reply: Reply) -> datetime | None:
    return _read_date(reply.headers.get("Date", ""))


_read_date = lru_cache(maxsize=8)(date_of)
"""Reading a Date header takes 9 us, 4 % of a small file, and it changes once a second."""
