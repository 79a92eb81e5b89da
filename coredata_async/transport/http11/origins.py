"""Origin and request target of a URL, byte for byte."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Final

from attrs import frozen
from yarl import URL

_GAP: Final = re.compile(r"[\x00-\x20\x7f]")
_APART: Final = re.compile(r"(https?://[^/?#]*)(.*)")


@frozen(eq=False)
class Origin:
    """Scheme, host and port of a server."""

    key: str
    """The same for all spellings of the origin."""
    host: str
    """The name to resolve, which the certificate must contain."""
    port: int
    tls: bool
    header: str
    """Value of the Host header: without the default port."""


def split(url: str) -> tuple[Origin, str]:
    """Split a URL into origin and target. The target stays unchanged, because it is signed.

    Raises:
        ValueError: If the URL cannot be sent unchanged.
    """
    start = url.find("/", 8)  # after the `//` of `https://`
    place, target = (url[:start], url[start:]) if start > 0 else (url, "")
    if start < 0 or "?" in place or "#" in place:
        place, target = _apart(url)
    return origin(place), check_target(target)


def check_target(target: str) -> str:
    """Return a target without its fragment, after checking it for header injection.

    Raises:
        ValueError: If it contains a space, a line break or another control character.
    """
    if not (target.isascii() and target.isprintable() and " " not in target) and _GAP.search(target):
        raise ValueError("a URL must not contain a space or a line break")
    return target.partition("#")[0] if "#" in target else target


@lru_cache(maxsize=256)
def origin(place: str) -> Origin:
    """Parse `https://host:port`. Cached: signed URLs are all different, but their origins are not.

    Raises:
        ValueError: If the host is missing or invalid.
    """
    url = URL(place)  # converts international names to IDNA
    host, port, header = url.raw_host, url.port, url.host_port_subcomponent
    if not host or not port or not header or url.user is not None or _GAP.search(place):
        raise ValueError("a URL must have a host and no user name")
    if host.replace(".", "").isdigit():
        IPv4Address(host)  # `127.1` and `2130706433` would be read as addresses by the resolver
    return Origin(f"{url.scheme}://{host}:{port}", host.rstrip("."), port, url.scheme == "https", header)


def _apart(url: str) -> tuple[str, str]:
    """Split a URL without a path."""
    found = _APART.fullmatch(url)
    if found is None:
        raise ValueError("a URL must begin with http:// or https:// and contain no line break")
    place, target = found.groups()
    return place, target if target.startswith("/") else f"/{target}"
