"""Errors of a cluster."""

from __future__ import annotations

from coredata_async.errors import ConfigurationError, CoreDataError


class ClusterError(CoreDataError):
    """A NATS server that cannot be reached, or that refuses a request."""


class LostJournalError(CoreDataError):
    """A shard whose journal or entry the cluster no longer has."""


class DamagedObjectError(CoreDataError):
    """An object whose content is no longer, or not completely, in the object store."""


class ShareUnavailableError(CoreDataError):
    """A share whose root is missing on this machine, or whose file system is no longer mounted."""


class UnreadableTaskError(CoreDataError):
    """A message of the queue that is not a task, or not one of this version."""


class LeaseLostError(CoreDataError):
    """A lease that ended, or that another owner has taken. Its work must stop."""


class AccountMismatchError(ConfigurationError):
    """A job of another server or account than that of a worker's key."""


class JobLockedError(ConfigurationError):
    """A job for a tree or a folder of the parent that another job is uploading."""
