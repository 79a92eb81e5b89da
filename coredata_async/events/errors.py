"""Errors of the event-driven worker."""

from __future__ import annotations

from coredata_async.errors import CoreDataError, SourceError


class BrokerError(CoreDataError):
    """A message broker that cannot be reached, or that refuses what the worker needs."""


class SourceUnavailableError(SourceError):
    """A source that cannot be read now, and perhaps later: its host is down, or a disk fails."""

    transient = True


class InvalidMessageError(Exception):
    """A message that cannot be carried out, however often it is delivered. Never leaves the package."""
