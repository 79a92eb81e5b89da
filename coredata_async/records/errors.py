"""Errors of record stores and of idempotency keys."""

from __future__ import annotations

from coredata_async.errors import ConfigurationError, CoreDataError


class RecordStoreError(CoreDataError):
    """A record store that cannot be reached, or that holds something other than a record."""


class VolatileStoreError(ConfigurationError):
    """A record store that may forget a write that it has confirmed."""


class KeyReusedError(ConfigurationError):
    """An idempotency key that was used before for other content, or for another place."""


class OwnershipLostError(Exception):
    """The lease on a record has ended, or another process has taken the record. Never leaves the package."""
