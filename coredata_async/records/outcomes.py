"""Outcomes of calls with a key, and the errors of keys and of record stores."""

from __future__ import annotations

from attrs import frozen

from coredata_async.errors import ConfigurationError, CoreDataError
from coredata_async.transfer.outcomes import Failed, Unknown, Uploaded


class RecordStoreError(CoreDataError):
    """A record store cannot be reached, or contains something other than a record."""


class UnreadableRecordError(RecordStoreError):
    """A record that this version of the library cannot read."""

    def __init__(
        self, message: str, *, damaged: bool, key: str | None = None, revision: int | None = None
    ) -> None:
        super().__init__(message)
        self.damaged = damaged
        """False if a newer version of the library wrote the record."""
        self.key = key
        """The key of the record, if it is known."""
        self.revision = revision
        """The number that a deletion must name, if it is known."""


class VolatileStoreError(ConfigurationError):
    """A record store may lose a write that it has confirmed."""


class KeyReusedError(ConfigurationError):
    """An idempotency key was used before for other content, or for another parent."""


class OwnershipLostError(Exception):
    """The lease on a record has ended, or another process has taken the record. Never leaves the package."""


@frozen(kw_only=True)
class Busy:
    """Another call, in this process or elsewhere, works on this key."""

    key: str
    retry_after: float
    """Seconds after which a further call is worthwhile."""


RecordOutcome = Uploaded | Busy | Unknown | Failed
"""Outcome of one call; all but `Busy` are those of every upload."""
