"""Hosts for `fleet` and `partitions`: network namespaces, with two cables from each to the first one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

NATS: Final = "10.208.0.1"
"""Address of the nats-server, which the second cable of each host leads to."""
HOSTS: Final = {"fs01": 1, "fs02": 2}
"""Hosts of workers, with their numbers in addresses."""
Cable = Literal["box", "nats"]
"""Cable to the sandbox, or to the nats-server."""
Way = Literal["sends", "receives", "all"]
"""Packets of a host that are dropped."""
_FIRST, _LOCAL = "10", "100"
"""Preferences of routing rules: those that drop packets come before the table of the own addresses."""


def address_of(host: str) -> str:
    """Return the address from which a host connects to the sandbox."""
    return f"10.207.{HOSTS[host]}.2"


def unavailable() -> str | None:
    """Return the reason why there can be no hosts here."""
    if sys.platform != "linux":
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "unshare", "hostname", "openssl") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


def ip(*arguments: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@contextmanager
def hosts(mark: str) -> Generator[str]:
    """Make the hosts, and yield the namespace of the first one.

    A client takes http only on loopback, and a sandbox listens only there. So the workers' hosts have no
    loopback of their own: 127.0.0.1 is the first host's, over their cable (`route_localnet`).
    """
    head, others = f"{mark}-head", [f"{mark}-{name}" for name in HOSTS]
    try:
        for name in (head, *others):
            ip("netns", "add", name)
        ip("-n", head, "link", "set", "lo", "up")
        ip("-n", head, "addr", "add", f"{NATS}/32", "dev", "lo")
        for number, name in zip(HOSTS.values(), others, strict=True):
            for kind, subnet in (("box", 207), ("nats", 208)):
                ip(
                    *("-n", head, "link", "add", f"{kind}{number}", "type", "veth"),
                    *("peer", kind, "netns", name),
                )
                ip("-n", head, "addr", "add", f"10.{subnet}.{number}.1/24", "dev", f"{kind}{number}")
                ip("-n", name, "addr", "add", f"10.{subnet}.{number}.2/24", "dev", kind)
                ip("-n", head, "link", "set", f"{kind}{number}", "up")
                ip("-n", name, "link", "set", kind, "up")
        for name in (head, *others):
            ip("-n", name, "rule", "add", "pref", _LOCAL, "table", "local")
            ip("-n", name, "rule", "del", "pref", "0")
            allow = "for each in /proc/sys/net/ipv4/conf/*/route_localnet; do echo 1 > $each; done"
            ip("netns", "exec", name, "sh", "-c", allow)
        for number, name in zip(HOSTS.values(), others, strict=True):
            source = f"10.207.{number}.2"
            ip("-n", name, "route", "add", "127.0.0.1", "via", f"10.207.{number}.1", "src", source)
            ip("-n", name, "route", "add", NATS, "via", f"10.208.{number}.1", "src", f"10.208.{number}.2")
        yield head
    finally:
        for name in (head, *others):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def cut(mark: str, host: str, cables: Sequence[Cable], way: Way) -> None:
    """Drop packets of a host without notice to the sender, as a faulty switch or firewall does."""
    _change("add", mark, host, cables, way)


def heal(mark: str, host: str, cables: Sequence[Cable], way: Way) -> None:
    """End what `cut` with the same arguments began."""
    _change("del", mark, host, cables, way)


def _change(change: str, mark: str, host: str, cables: Sequence[Cable], way: Way) -> None:
    """Add or delete rules that drop packets where they arrive: no other end notices anything."""
    for cable in cables:
        ends = {"sends": (f"{mark}-head", f"{cable}{HOSTS[host]}"), "receives": (f"{mark}-{host}", cable)}
        for name, device in ends.values() if way == "all" else (ends[way],):
            ip("-n", name, "rule", change, "pref", _FIRST, "iif", device, "blackhole")
