"""Where a URL leads, and what is asked for there, byte for byte."""

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
    """One end of connections."""

    key: str
    """The same for all spellings of it."""
    host: str
    """As it is looked up, and as a certificate must name it."""
    port: int
    tls: bool
    header: str
    """As the header Host says it: without the usual port."""


def split(url: str) -> tuple[Origin, str]:
    """Origin and target of a URL; its target is not touched, or the signature were void.

    Raises:
        ValueError: It cannot be sent as it is.
    """
    start = url.find("/", 8)  # after the two of `https://`
    place, target = (url[:start], url[start:]) if start > 0 else (url, "")
    if start < 0 or "?" in place or "#" in place:
        place, target = _apart(url)
    return origin(place), check_target(target)


def check_target(target: str) -> str:
    """A target that makes no second line; a fragment stays at home.

    Raises:
        ValueError: It would.
    """
    if not (target.isascii() and target.isprintable() and " " not in target) and _GAP.search(target):
        raise ValueError("a URL holds no space and no line break")
    return target.partition("#")[0] if "#" in target else target


@lru_cache(maxsize=256)
def origin(place: str) -> Origin:
    """Take `https://host:port` apart; no two signed URLs are alike, but their origins are.

    Raises:
        ValueError: There is no host, or an odd one.
    """
    url = URL(place)  # with names in other scripts as IDNA has them
    host, port, header = url.raw_host, url.port, url.host_port_subcomponent
    if not host or not port or not header or url.user is not None or _GAP.search(place):
        raise ValueError("a URL needs a host, and has no user name")
    if host.replace(".", "").isdigit():
        IPv4Address(host)  # `127.1` and `2130706433` would be taken for addresses further down
    return Origin(f"{url.scheme}://{host}:{port}", host.rstrip("."), port, url.scheme == "https", header)


def _apart(url: str) -> tuple[str, str]:
    """The same for a URL without a path."""
    found = _APART.fullmatch(url)
    if found is None:
        raise ValueError("a URL begins with http:// or https://, and holds no line break")
    place, target = found.groups()
    return place, target if target.startswith("/") else f"/{target}"
