"""Errors of record stores and of idempotency keys."""

from __future__ import annotations

from coredata_async.errors import ConfigurationError, CoreDataError


class RecordStoreError(CoreDataError):
    """A record store cannot be reached, or contains something other than a record."""


class VolatileStoreError(ConfigurationError):
    """A record store may lose a write that it has confirmed."""


class KeyReusedError(ConfigurationError):
    """An idempotency key was used before for other content, or for another parent."""


class OwnershipLostError(Exception):
    """The lease on a record has ended, or another process has taken the record. Never leaves the package."""
