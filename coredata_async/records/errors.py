"""Errors of record stores and of idempotency keys."""

from __future__ import annotations

from coredata_async.errors import ConfigurationError, CoreDataError


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
