"""Who changes the lists of a project now."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

ProjectLocks = WeakValueDictionary[str, asyncio.Lock]
"""By the project's id; shared by the copies of a client."""
