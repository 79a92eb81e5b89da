"""Origin and target of a URL, byte for byte, and serialisation of request heads; rejects header injection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Final

from attrs import frozen
from yarl import URL

from coredata_async.message import Request

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods without a Content-Length if the body is missing."""
_USUAL: Final = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
_BREAK: Final = re.compile(r"[\r\n\0]")
_GAP: Final = re.compile(r"[\x00-\x20\x7f]")
TOGETHER: Final = 64 * 1024
"""Bodies up to this many bytes are sent together with the head, in one system call."""
_KEPT: Final = 64
"""Maximum number of header-name sets that a side caches; about five are in use."""


@frozen
class _CommonHeaders:
    """Common headers for requests with a given set of their own headers."""

    text: str
    host: bool
    """True if the Host header must be added."""
    dropped: frozenset[str]
    """Own headers that are not sent: lengths, which are computed here, and those overridden by a later one.
    """


class RequestHeads:
    """Serialiser of the heads of one side; the common headers are serialised once."""

    def __init__(self, common: Mapping[str, str], base_url: str = "") -> None:
        self._base_url = base_url
        last = {name.lower(): (name, value) for name, value in [*_USUAL.items(), *common.items()]}
        self._common = dict(last.values())
        self._rests: dict[tuple[str, ...], _CommonHeaders] = {}

    def write(self, request: Request) -> tuple[Origin, memoryview, bool]:
        """Return the origin and the head of a request, and whether a short body is included.

        The target stays unchanged, because it may be signed. The head is a memoryview, whose repr does not
        show the key, the signed URL, or a password in the body.

        Raises:
            ValueError: If the URL cannot be sent unchanged, or a header contains a line break.
        """
        target = request.target
        where, target = (origin(self._base_url), target) if target.startswith("/") else split(target)
        # The first check is faster, and suffices for nearly all targets.
        if not (target.isascii() and target.isprintable() and " " not in target) and _GAP.search(target):
            raise ValueError("a URL must not contain a space or a line break")
        own = request.headers
        names = tuple(own)
        rest = self._rests.get(names) or self._remember(names)
        if rest.dropped:
            own = {name: value for name, value in own.items() if name not in rest.dropped}
        lines = ""
        for name, value in own.items():
            lines += f"{name}: {value}\r\n"
        if lines.count("\n") != len(own) or lines.count("\r") != len(own) or "\0" in lines:
            raise ValueError("a header contains a line break")
        host = f"Host: {where.header}\r\n" if rest.host else ""
        body = request.body
        size = 0 if body is None else len(body) if isinstance(body, bytes) else body.size
        length = "" if body is None and request.method in _BODILESS else f"Content-Length: {size}\r\n"
        line = f"{_method(request.method)} {target.partition('#')[0]} HTTP/1.1\r\n"
        head = f"{line}{host}{lines}{rest.text}{length}\r\n".encode()
        if body is None or (isinstance(body, bytes) and size <= TOGETHER):
            return where, memoryview(head + body if body else head), True
        return where, memoryview(head), False

    def _remember(self, names: tuple[str, ...]) -> _CommonHeaders:
        lower = {name.lower() for name in names}
        if "transfer-encoding" in lower or not all(map(_TOKEN.fullmatch, names)):
            raise ValueError("a header name is invalid")
        left = {name: value for name, value in self._common.items() if name.lower() not in lower}
        if not all(map(_TOKEN.fullmatch, left)):
            raise ValueError("a header name is invalid")
        if _BREAK.search("".join(left.values())):
            raise ValueError("a header contains a line break")
        text = "".join([f"{name}: {value}\r\n" for name, value in left.items()])
        last = {name.lower(): name for name in names if name.lower() != "content-length"}
        dropped = frozenset(names) - frozenset(last.values())
        hosted = "host" in lower or "host" in {name.lower() for name in left}
        if len(self._rests) >= _KEPT:
            self._rests.clear()
        rest = self._rests[names] = _CommonHeaders(text, not hosted, dropped)
        return rest


@lru_cache(maxsize=32)
def _method(method: str) -> str:
    if not _TOKEN.fullmatch(method):
        raise ValueError("the request method is invalid")
    return method.upper()


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
    """Split a URL into origin and target.

    Raises:
        ValueError: If the host is missing or invalid.
    """
    start = url.find("/", 8)  # after the `//` of `https://`
    place, target = (url[:start], url[start:]) if start > 0 else (url, "")
    if start < 0 or "?" in place or "#" in place:
        place, target = _apart(url)
    return origin(place), target


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
