"""Serialisation of request heads; rejects header injection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from attrs import frozen

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods without a Content-Length if the body is missing."""
_USUAL: Final = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
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

    def __init__(self, common: Mapping[str, str]) -> None:
        last = {name.lower(): (name, value) for name, value in [*_USUAL.items(), *common.items()]}
        self._common = dict(last.values())
        self._rests: dict[tuple[str, ...], _CommonHeaders] = {}

    def write(self, method: str, target: str, host: str, own: Mapping[str, str], size: int | None) -> bytes:
        """Return one head.

        Args:
            method: Request method.
            target: Path and query, byte for byte; checked by `origins`.
            host: Value of the Host header.
            own: Headers of this request; they take precedence over the common ones.
            size: Bytes of the body; None without a body.

        Raises:
            ValueError: If a value contains a line break.
        """
        names = tuple(own)
        rest = self._rests.get(names) or self._remember(names)
        if rest.dropped:
            own = {name: value for name, value in own.items() if name not in rest.dropped}
        lines = "".join([f"{name}: {value}\r\n" for name, value in own.items()])
        _check(lines, len(own))
        host = f"Host: {host}\r\n" if rest.host else ""
        length = "" if size is None and method in _BODILESS else f"Content-Length: {size or 0}\r\n"
        return f"{_method(method)} {target} HTTP/1.1\r\n{host}{lines}{rest.text}{length}\r\n".encode()

    def _remember(self, names: tuple[str, ...]) -> _CommonHeaders:
        lower = {name.lower() for name in names}
        if "transfer-encoding" in lower or not all(map(_TOKEN.fullmatch, names)):
            raise ValueError("a header name is invalid")
        left = {name: value for name, value in self._common.items() if name.lower() not in lower}
        if not all(map(_TOKEN.fullmatch, left)):
            raise ValueError("a header name is invalid")
        text = "".join([f"{name}: {value}\r\n" for name, value in left.items()])
        _check(text, len(left))
        last = {name.lower(): name for name in names if name.lower() != "content-length"}
        dropped = frozenset(names) - frozenset(last.values())
        hosted = "host" in lower or "host" in {name.lower() for name in left}
        if len(self._rests) >= _KEPT:
            self._rests.clear()
        rest = self._rests[names] = _CommonHeaders(text, not hosted, dropped)
        return rest


def _check(lines: str, count: int) -> None:
    if lines.count("\n") != count or lines.count("\r") != count or "\0" in lines:
        raise ValueError("a header contains a line break")


@lru_cache(maxsize=32)
def _method(method: str) -> str:
    if not _TOKEN.fullmatch(method):
        raise ValueError("the request method is invalid")
    return method.upper()
