"""Choice of the server with which a lost connection goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from coredata_async.cluster.address import ClusterAddress
from coredata_async.cluster.nats_types import Server


@define(eq=False)
class Failover:
    """Chooses a server after a connection was lost: another one than the last, and in turn.

    NATS servers announce the others of their cluster. One that is announced is used, too, but only if the
    token may be sent to its host.
    """

    address: ClusterAddress
    last: str
    """URL of the last server that was tried."""
    pause: float
    """Seconds before a server is tried again."""
    _host: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._host = self.last.partition("://")[2]

    def choose(self, servers: Sequence[Server], info: Mapping[str, object]) -> tuple[Server | None, float]:
        """Return the server to try next, and the seconds to wait before; nats-py asks at each attempt."""
        del info
        allowed = [each for each in servers if self.address.allows(each.uri.hostname or "")]
        chosen = min(allowed, key=lambda each: (each.reconnects, each.uri.netloc == self._host))
        self._host = chosen.uri.netloc
        return chosen, self.pause if chosen.reconnects else 0.0
