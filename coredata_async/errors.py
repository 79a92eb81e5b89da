"""The exception tree.

CoreDataError
├─ ConfigurationError(ValueError) ─ JournalInUseError
├─ APIError
│  ├─ APIConnectionError ─ APITimeoutError(TimeoutError)
│  ├─ UnexpectedResponseError
│  ├─ APIStatusError
│  │  ├─ BadRequestError · AuthenticationError · PermissionDeniedError · NotFoundError
│  │  ├─ ConflictError ─ StaleSnapshotError
│  │  └─ PayloadTooLargeError · UnprocessableEntityError · RateLimitError · ServerError
│  └─ OutcomeUnknownError
├─ TransferError
│  ├─ SourceError ─ SourceChangedError, SourceNotReplayableError
│  ├─ StorageError ─ URLExpiredError
│  ├─ ChecksumMismatchError
│  └─ RegistrationUncertainError(OutcomeUnknownError)
└─ BulkError(ExceptionGroup)

All are plain data: they pickle, copy and print, and none holds a key, a query string or a signed URL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from coredata_async.control_characters import escape_controls
from coredata_async.message import Reply, Request
from coredata_async.redaction import SHOWN_HEADERS

E = TypeVar("E", bound="CoreDataError")
Phase = Literal["connect", "pool", "response", "stall", "total"]
Stage = Literal["source", "reserve", "put", "register", "get"]


def _revive(kind: type[E], *args: object) -> E:
    error = kind.__new__(kind, *args)
    error.args = args  # OSError, an ancestor of APITimeoutError, leaves them to `__init__`
    return error


class CoreDataError(Exception):
    """Any failure this library reports. Its message is one line, without control characters."""

    def __init__(self, message: str = "", *args: object) -> None:
        super().__init__(escape_controls(message), *args)

    def __reduce__(self) -> tuple[Callable[..., CoreDataError], tuple[object, ...], dict[str, object]]:
        """Pickle without calling `__init__`, whose arguments `args` does not hold."""
        return _revive, (type(self), *self.args), dict(self.__dict__)


class ConfigurationError(CoreDataError, ValueError):
    """The call cannot be made as written: no key, a bad host, http:// off loopback, an empty id."""


class JournalInUseError(ConfigurationError):
    """A process, perhaps this one, holds the journal of the job: wait for it, or use another journal."""

    pid: int | None = None
    host: str | None = None


class APIError(CoreDataError):
    """An exchange with the service went wrong."""

    def __init__(self, message: str, request: Request, reply: Reply | None = None) -> None:
        redactor = reply.redactor if reply else request.redactor
        super().__init__(redactor(message))
        self.method = request.method
        self.path = redactor.line(request.path)
        """Never with a query string."""
        self.attempts = reply.attempts if reply else 1
        self.elapsed = reply.elapsed if reply else 0.0
        """Seconds from the first attempt on."""


class APIConnectionError(APIError):
    """No answer came: the host was not reached, or the connection broke."""

    def __init__(
        self, message: str, request: Request, *, reached: bool = True, permanent: bool = False
    ) -> None:
        super().__init__(message, request)
        self.reached = reached
        """Whether the server may have got the request."""
        self.permanent = permanent
        """Whether trying again is pointless, as with a certificate that does not match."""


class APITimeoutError(APIConnectionError, TimeoutError):
    """Something took longer than `Timeouts` allows."""

    def __init__(self, message: str, request: Request, *, phase: Phase, reached: bool = True) -> None:
        super().__init__(message, request, reached=reached)
        self.phase: Phase = phase
        """Which of the fields of `Timeouts` ran out."""


class UnexpectedResponseError(APIError):
    """An answer that is no error and yet not the one due: another status, HTML, broken JSON."""

    def __init__(self, message: str, request: Request, reply: Reply) -> None:
        super().__init__(message, request, reply)
        self.status = reply.status
        self.body = reply.redactor.excerpt(reply.body)
        """The beginning of the body, as text, without secrets and the queries of URLs."""


class APIStatusError(APIError):
    """The service refused, with a status of 400 or more."""

    def __init__(
        self,
        message: str,
        request: Request,
        reply: Reply,
        *,
        service_message: str = "",
        code: str | None = None,
        body: object = None,
    ) -> None:
        super().__init__(message, request, reply)
        self.status = reply.status
        self.message = reply.redactor.line(service_message)
        """The service's own words; empty when it said nothing."""
        self.code = None if code is None else reply.redactor.line(code)
        """A machine-readable code, where the body holds one."""
        self.body = reply.redactor.tree(body)
        """The decoded JSON, or the beginning of the text, without secrets."""
        self.headers = {
            name: reply.redactor.line(reply.headers[name]) for name in SHOWN_HEADERS if name in reply.headers
        }
        """Only headers that hold no secret by design, and without those a server puts there."""
        self.request_id = self.headers.get("X-Request-Id")
        self.retry_after = reply.retry_after  # seconds


class BadRequestError(APIStatusError):
    """400: a field or a filter is not as the service wants it."""


class AuthenticationError(APIStatusError):
    """401: the key is wrong, or sent in the other version's form."""


class PermissionDeniedError(APIStatusError):
    """403: the user may not do this."""


class NotFoundError(APIStatusError):
    """404: no such document, or it is hidden from this user."""


class ConflictError(APIStatusError):
    """409: the document is not in the state the request supposes."""


class StaleSnapshotError(ConflictError):
    """Somebody else changed the document since `snapshot_id` was read; nothing was written."""


class PayloadTooLargeError(APIStatusError):
    """413: larger than the server, or a proxy before it, takes."""


class UnprocessableEntityError(APIStatusError):
    """422: understood, and refused."""


class RateLimitError(APIStatusError):
    """429: too many requests, still after all repeats."""


class ServerError(APIStatusError):
    """500 or more: the service failed, still after all repeats."""


class OutcomeUnknownError(APIError):
    """A write may or may not have happened; it was not repeated, so that it cannot happen twice."""


class TransferError(CoreDataError):
    """Bytes did not get where they were going."""

    def __init__(self, message: str, *, stage: Stage, sent: int = 0, total: int | None = None) -> None:
        super().__init__(message)
        self.stage: Stage = stage
        self.sent = sent
        """Bytes that had gone when it failed."""
        self.total = total


class SourceError(TransferError):
    """What was to be uploaded cannot be read: vanished, unreadable, a folder, in text mode."""

    transient: bool = False
    """True if it may be readable later."""


class SourceChangedError(SourceError):
    """The source changed while it was read, so what was sent is no state it ever had."""

    transient = True


class SourceNotReplayableError(SourceError):
    """The bytes would have to be sent again, and the source can be read only once."""


class StorageError(TransferError):
    """The object storage refused, or broke off."""

    def __init__(
        self,
        message: str,
        *,
        stage: Stage,
        sent: int = 0,
        total: int | None = None,
        status: int | None = None,
        storage_code: str | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(message, stage=stage, sent=sent, total=total)
        self.status = status
        self.storage_code = storage_code
        """The store's own code, such as `SignatureDoesNotMatch`."""
        self.transient = transient
        """True if the same upload may succeed later without a change."""


class URLExpiredError(StorageError):
    """Every signed URL had expired before the storage accepted the bytes."""

    def __init__(
        self,
        message: str,
        *,
        stage: Stage,
        sent: int = 0,
        total: int | None = None,
        status: int | None = None,
        storage_code: str | None = None,
        on_arrival: bool = False,
        skew: float | None = None,
    ) -> None:
        super().__init__(
            message,
            stage=stage,
            sent=sent,
            total=total,
            status=status,
            storage_code=storage_code,
            transient=True,
        )
        self.on_arrival = on_arrival
        """True if the URLs were used well within their lifetime: a clock is wrong, not the line too slow."""
        self.skew = skew
        """Seconds by which the storage's clock is ahead of the service's; `None` if not measured."""


class ChecksumMismatchError(TransferError):
    """The far end holds other bytes than the near one."""

    def __init__(
        self,
        message: str,
        *,
        stage: Stage,
        expected: str,
        actual: str,
        sent: int = 0,
        total: int | None = None,
    ) -> None:
        super().__init__(message, stage=stage, sent=sent, total=total)
        self.expected = expected
        self.actual = actual


class RegistrationUncertainError(TransferError, OutcomeUnknownError):
    """The last step of an upload may or may not have happened, and asking the server did not settle it."""

    def __init__(
        self,
        message: str,
        request: Request,
        *,
        blob_name: str | None,
        candidates: Sequence[str] = (),
        total: int | None = None,
    ) -> None:
        OutcomeUnknownError.__init__(self, message, request)
        self.stage = "register"
        self.sent = total or 0
        self.total = total
        self.blob_name = blob_name
        """Where the bytes are; `None` when they went with the request itself."""
        self.candidates = tuple(candidates)
        """Ids of Files that may be the one."""


class BulkError(CoreDataError, ExceptionGroup[Exception]):
    """Several of many failed; the exceptions in the group say which and why."""
