"""What a dry run says a job would do."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Verb = Literal["upload", "version", "skip", "fail", "resolve", "folder"]


@frozen(kw_only=True)
class Action:
    """One thing that the job would do."""

    verb: Verb
    """`version` replaces the content of a File, `resolve` looks for one whose registering was lost."""
    path: str
    size: int = 0
    """Bytes."""
    message: str = ""
    """Why."""
