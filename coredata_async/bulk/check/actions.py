"""Actions of a dry run."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Verb = Literal["upload", "version", "skip", "fail", "resolve", "folder"]


@frozen(kw_only=True)
class Action:
    """Action that the job would take."""

    verb: Verb
    """`version` replaces the content of a File; `resolve` looks up one whose registration was lost."""
    path: str
    size: int = 0
    """Size in bytes."""
    message: str = ""
    """Reason for the action."""
