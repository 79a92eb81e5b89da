"""Errors of the input of a job, which another attempt meets, too."""

from __future__ import annotations

from coredata_async.errors import ConfigurationError


class JobInputError(ConfigurationError):
    """A parent or a PATH that does not exist, or is of the wrong kind: correct it, and begin another job."""
