"""Exchange of the responses by which a host throttles all processes of an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from coredata_async.transport.trace import Exchanged


class Bulletin(Protocol):
    """Passes on 429 and 503 between runs; `bulk.workers.codec` encodes an exchange as plain values."""

    def publish(self, event: Exchanged) -> object:
        """Send a response of this run to the others. Must return at once."""
        ...

    def subscribe(self, learn: Callable[[Exchanged], object]) -> Callable[[], object]:
        """Call a function with the responses of others, until the returned function is called."""
        ...
