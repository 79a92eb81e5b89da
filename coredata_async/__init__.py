"""The asyncio SDK for CoreData. Map of the packages, from the bottom up; imports only point down.

- `message` — requests and replies as values, and `Send`, the one function type for all I/O.
- `redaction` — masking of secrets. `errors` — the exception tree.
- `config` — timeouts, retries and limits as values.
- `call` — a request together with the reader of its reply.
- `wire` — CoreData without I/O: requests, and conversion of JSON to models.
- `resources` — the resources of CoreData as data, one row each.
- `paging`, `listing`, `collection` — pages, and the verbs of every resource. `changes` — objects changed
  since the last synchronisation.
- `storage` — signed URLs, sources of uploads, and files to save.
- `transport` — the only client-side HTTP: each concern is one `Send -> Send` function.
- `transfer` — upload, replacement and download, on top of `wire` and `storage`.
- `services` — the operations of a client, per resource. `client` — their entry point.
- `bulk` — many files, each exactly once, even across crashes. `doctor` — tests of a server's actual
  behaviour.
- `records` — idempotent uploads. `events` — a worker for messages that name files. `cluster` — jobs on many
  machines. `fence` — the end of a process whose lease has ended.
- `web` — pieces for web services that pass uploads and downloads on. `otel`, `prometheus` — spans, metrics.
- `fivepm` — the second service, over the same transport. `archive` — copies from there into CoreData.
- `sandbox` — a fake CoreData in this process, which shares no code with the client. `cli` — the command.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from coredata_async.version import VERSION

if TYPE_CHECKING:  # at run time `__getattr__` imports a name when it is first used
    from coredata_async.changes import Changes, Mark
    from coredata_async.client import CoreData
    from coredata_async.config import Limits, Retry, Timeouts
    from coredata_async.errors import (
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        BulkError,
        ChecksumMismatchError,
        ConfigurationError,
        ConflictError,
        CoreDataError,
        JournalInUseError,
        NotFoundError,
        OutcomeUnknownError,
        PayloadTooLargeError,
        PermissionDeniedError,
        RateLimitError,
        RegistrationUncertainError,
        ServerError,
        SourceChangedError,
        SourceError,
        SourceNotReplayableError,
        StaleSnapshotError,
        StorageError,
        TransferError,
        UnexpectedResponseError,
        UnprocessableEntityError,
        URLExpiredError,
    )
    from coredata_async.listing import Listing
    from coredata_async.resources.containers import Space
    from coredata_async.resources.files import File
    from coredata_async.resources.projects import Project
    from coredata_async.storage.sources import Source
    from coredata_async.transfer.downloads import Download
    from coredata_async.transfer.outcomes import Failed, Outcome, Progress, Replaced, Unknown, Uploaded
    from coredata_async.transfer.uploads import Upload
    from coredata_async.transport.trace import Exchanged
    from coredata_async.unset import UNSET
    from coredata_async.wire.blobs import Reservation
    from coredata_async.wire.calls import Page

__version__ = VERSION

__all__ = [
    "UNSET",
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "BulkError",
    "Changes",
    "ChecksumMismatchError",
    "ConfigurationError",
    "ConflictError",
    "CoreData",
    "CoreDataError",
    "Download",
    "Exchanged",
    "Failed",
    "File",
    "JournalInUseError",
    "Limits",
    "Listing",
    "Mark",
    "NotFoundError",
    "Outcome",
    "OutcomeUnknownError",
    "Page",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "Progress",
    "Project",
    "RateLimitError",
    "RegistrationUncertainError",
    "Replaced",
    "Reservation",
    "Retry",
    "ServerError",
    "Source",
    "SourceChangedError",
    "SourceError",
    "SourceNotReplayableError",
    "Space",
    "StaleSnapshotError",
    "StorageError",
    "Timeouts",
    "TransferError",
    "URLExpiredError",
    "UnexpectedResponseError",
    "Unknown",
    "UnprocessableEntityError",
    "Upload",
    "Uploaded",
    "__version__",
]

_PLACES = {
    "changes": "Changes Mark",
    "client": "CoreData",
    "config": "Limits Retry Timeouts",
    "errors": "APIConnectionError APIError APIStatusError APITimeoutError AuthenticationError "
    "BadRequestError BulkError ChecksumMismatchError ConfigurationError ConflictError "
    "CoreDataError JournalInUseError NotFoundError OutcomeUnknownError PayloadTooLargeError "
    "PermissionDeniedError RateLimitError RegistrationUncertainError ServerError "
    "SourceChangedError SourceError SourceNotReplayableError StaleSnapshotError "
    "StorageError TransferError UnexpectedResponseError UnprocessableEntityError "
    "URLExpiredError",
    "listing": "Listing",
    "resources.containers": "Space",
    "resources.files": "File",
    "resources.projects": "Project",
    "storage.sources": "Source",
    "transfer.downloads": "Download",
    "transfer.outcomes": "Failed Outcome Progress Replaced Unknown Uploaded",
    "transfer.uploads": "Upload",
    "transport.trace": "Exchanged",
    "unset": "UNSET",
    "wire.blobs": "Reservation",
    "wire.calls": "Page",
}
"""Modules of the public names. Importing all of them takes 1.5 times as long as importing the libraries they
need; importing the modules of a client takes 1.1 times as long (benchmarks/import_time.py).
"""
_PLACE = {name: module for module, names in _PLACES.items() for name in names.split()}
_MODULES = {module.partition(".")[0] for module in _PLACES}


def __dir__() -> list[str]:
    """Return all public names, imported or not."""
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:  # a type checker would accept any name because of this function

    def __getattr__(name: str) -> object:
        """Import a public name, or its module, when it is first used (PEP 562)."""
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        if name not in _PLACE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_PLACE[name]}"), name)
        return value
