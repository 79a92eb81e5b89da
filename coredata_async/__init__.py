"""The asyncio SDK for CoreData. The map of the house, from the bottom up; imports point down.

- `message` — one exchange as values, and `Send`, the one function type all I/O goes through.
- `redaction` — what may be shown. `errors` — the exception tree.
- `config` — timeouts, retries and limits as values.
- `call` — a request together with how its reply is read.
- `wire` — CoreData without I/O: what a request says, how JSON becomes a model.
- `resources` — what CoreData serves: one noun per module, as data.
- `paging`, `listing`, `collection` — pages, and the verbs every noun has. `changes` — what is new since
  last time.
- `storage` — the far end of a signed URL, and where the bytes to store come from.
- `transport` — the only client-side HTTP: each concern one `Send -> Send`.
- `transfer` — upload, replacement and download, over `wire` and `storage`.
- `services` — what a client offers for each noun. `client` — its options, and how the services are made.
- `web` — pieces for web services that pass uploads and downloads on.
- `bulk` — many files, each once, even across crashes. `doctor` — what a server really does.
- `fivepm` — the second service, over the same transport. `archive` — from there into CoreData.
- `openapi` — the rows as an OpenAPI description.
- `sandbox` — a CoreData in this process, which shares no code with the client. `cli` — the command.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from coredata_async.version import VERSION

if TYPE_CHECKING:  # for checkers and editors; at run time `__getattr__` imports a name when it is first used
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
    from coredata_async.resources.files import File
    from coredata_async.resources.projects import Project
    from coredata_async.resources.spaces import Space
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
    "resources.files": "File",
    "resources.projects": "Project",
    "resources.spaces": "Space",
    "storage.sources": "Source",
    "transfer.downloads": "Download",
    "transfer.outcomes": "Failed Outcome Progress Replaced Unknown Uploaded",
    "transfer.uploads": "Upload",
    "transport.trace": "Exchanged",
    "unset": "UNSET",
    "wire.blobs": "Reservation",
    "wire.calls": "Page",
}
"""Where the public names are. To import them all at once takes 1.5 times as long as the libraries they stand
on, to import what a client is made of 1.1 times (benchmarks/import_time.py)."""
_PLACE = {name: module for module, names in _PLACES.items() for name in names.split()}
_MODULES = {module.partition(".")[0] for module in _PLACES}


def __dir__() -> list[str]:
    """Return what there is, imported or not."""
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:  # a checker would take any name for one that this gives

    def __getattr__(name: str) -> object:
        """Import a public name, or the module of one, when it is first used (PEP 562)."""
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        if name not in _PLACE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(f"{__name__}.{_PLACE[name]}"), name)
        return found
