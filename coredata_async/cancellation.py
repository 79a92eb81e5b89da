"""Cancellation of the current task, apart from that of a task that it awaits."""

from __future__ import annotations

import asyncio


def is_cancelled() -> bool:
    """Return whether the current task is being cancelled, and not only a task that it awaits."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
