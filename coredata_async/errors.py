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

All are plain data: they can be pickled, copied and printed, and contain no key, query string or signed URL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from coredata_async.escapes import escape_controls
from coredata_async.message import Reply, Request
from coredata_async.redaction import SHOWN_HEADERS

E = TypeVar("E", bound="CoreDataError")
Phase = Literal["connect", "pool", "response", "stall", "total"]
Stage = Literal["source", "reserve", "put", "register", "get"]


def _revive(kind: type[E], *args: object) -> E:
    error = kind.__new__(kind, *args)
    error.args = args  # OSError, a base class of APITimeoutError, leaves them to `__init__`
    return error


class CoreDataError(Exception):
    """Base class of all errors of this library. Its message is one line, without control characters."""

    def __init__(self, message: str = "", *args: object) -> None:
        super().__init__(escape_controls(message), *args)

    def __reduce__(self) -> tuple[Callable[..., CoreDataError], tuple[object, ...], dict[str, object]]:
        """Pickle without calling `__init__`, because `args` does not contain its arguments."""
        return _revive, (type(self), *self.args), dict(self.__dict__)


class ConfigurationError(CoreDataError, ValueError):
    """The arguments are invalid: a missing key, a wrong host, http:// off loopback, an empty id."""


class JournalInUseError(ConfigurationError):
    """Another run, perhaps in this process, uses the job's journal: wait for it, or use another journal."""

    pid: int | None = None
    host: str | None = None


class APIError(CoreDataError):
    """An exchange with the service failed."""

    def __init__(self, message: str, request: Request, reply: Reply | None = None) -> None:
        redactor = reply.redactor if reply else request.redactor
        super().__init__(redactor(message))
        self.method = request.method
        self.path = redactor.line(request.path)
        """Without the query string."""
        self.attempts = reply.attempts if reply else 1
        self.elapsed = reply.elapsed if reply else 0.0
        """Seconds since the first attempt."""


class APIConnectionError(APIError):
    """No response was received: the host was not reached, or the connection broke."""

    def __init__(
        self, message: str, request: Request, *, reached: bool = True, permanent: bool = False
    ) -> None:
        super().__init__(message, request)
        self.reached = reached
        """True if the server may have received the request."""
        self.permanent = permanent
        """True if a retry is pointless, as with a certificate that does not match."""


class APITimeoutError(APIConnectionError, TimeoutError):
    """A part of the exchange exceeded its limit in `Timeouts`."""

    def __init__(self, message: str, request: Request, *, phase: Phase, reached: bool = True) -> None:
        super().__init__(message, request, reached=reached)
        self.phase: Phase = phase
        """The field of `Timeouts` that was exceeded."""


class UnexpectedResponseError(APIError):
    """The response is not an error, but unexpected: another status, HTML, or invalid JSON."""

    def __init__(self, message: str, request: Request, reply: Reply) -> None:
        super().__init__(message, request, reply)
        self.status = reply.status
        self.body = reply.redactor.excerpt(reply.body)
        """The beginning of the body, as text, without secrets and the queries of URLs."""


class APIStatusError(APIError):
    """The service refused with a status of 400 or more."""

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
        """The service's error text; may be empty."""
        self.code = None if code is None else reply.redactor.line(code)
        """The machine-readable error code in the body, or None."""
        self.body = reply.redactor.tree(body)
        """The decoded JSON, or the beginning of the text, without secrets."""
        self.headers = {
            name: reply.redactor.line(reply.headers[name]) for name in SHOWN_HEADERS if name in reply.headers
        }
        """Only headers that cannot contain secrets by design, with any secrets in them masked."""
        self.request_id = self.headers.get("X-Request-Id")
        self.retry_after = reply.retry_after  # in seconds


class BadRequestError(APIStatusError):
    """400: a field or a filter is invalid."""


class AuthenticationError(APIStatusError):
    """401: the key is wrong, or was sent in the form of the other API version."""


class PermissionDeniedError(APIStatusError):
    """403: the user lacks the permission."""


class NotFoundError(APIStatusError):
    """404: the document does not exist, or is hidden from this user."""


class ConflictError(APIStatusError):
    """409: the document is not in the state that the request requires."""


class StaleSnapshotError(ConflictError):
    """Another writer changed the document since `snapshot_id` was read; nothing was written."""


class PayloadTooLargeError(APIStatusError):
    """413: the content is larger than the server, or a proxy before it, accepts."""


class UnprocessableEntityError(APIStatusError):
    """422: the request was understood and refused."""


class RateLimitError(APIStatusError):
    """429: too many requests, also after all retries."""


class ServerError(APIStatusError):
    """500 or more: the service failed, also after all retries."""


class OutcomeUnknownError(APIError):
    """It is unknown whether a write was carried out. It was not repeated, so that it cannot happen twice."""


class TransferError(CoreDataError):
    """A transfer of bytes failed."""

    def __init__(self, message: str, *, stage: Stage, sent: int = 0, total: int | None = None) -> None:
        super().__init__(message)
        self.stage: Stage = stage
        self.sent = sent
        """Bytes sent before the failure."""
        self.total = total


class SourceError(TransferError):
    """The source cannot be read: missing, unreadable, a folder, or in text mode."""

    transient: bool = False
    """True if it may be readable later."""


class SourceChangedError(SourceError):
    """The source changed while it was read, so the bytes sent may never have existed together."""

    transient = True


class SourceNotReplayableError(SourceError):
    """The bytes would have to be sent again, but the source can be read only once."""


class StorageError(TransferError):
    """The object storage refused, or the connection to it failed."""

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
        """The storage's error code, such as `SignatureDoesNotMatch`."""
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
            message, stage=stage, sent=sent, total=total, status=status, storage_code=storage_code
        )
        self.transient = True
        self.on_arrival = on_arrival
        """True if the URLs were used early in their lifetime: a clock is wrong, the network is not slow."""
        self.skew = skew
        """Seconds by which the storage's clock is ahead of the service's; None if not measured."""


class ChecksumMismatchError(TransferError):
    """The bytes received differ from the bytes sent."""

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
    """It is unknown whether the last step of an upload was carried out, also after searching for the File."""

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
        """Name of the blob that has the bytes; None if they were sent with the request itself."""
        self.candidates = tuple(candidates)
        """Ids of Files that may be the one."""


class BulkError(CoreDataError, ExceptionGroup[Exception]):
    """Several of many operations failed; the exceptions in the group give the reasons."""
