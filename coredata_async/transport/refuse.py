"""Requests that must never leave: a secret to the wrong host, or over a line anybody can read."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from coredata_async.errors import ConfigurationError, Stage, StorageError
from coredata_async.message import Reply, Request, Send


def is_private_line(url: str) -> bool:
    """Return whether nobody on the way can read: https, or http to this very machine."""
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname == "localhost":
            return parts.scheme in {"http", "https"}
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:  # no host that could be read, or the name of one
        return False


@lru_cache(maxsize=64)
def _is_private_origin(origin: str) -> bool:
    """Remember the answer: the same hosts come again and again, and taking a URL apart takes 15 us."""
    return "@" not in origin and is_private_line(origin)


def only_paths(send: Send) -> Send:
    """For the service: refuse targets with a host of their own, to which the key would go along."""

    def through(request: Request) -> Awaitable[Reply]:
        if not request.target.startswith("/") or request.target.startswith("//"):
            raise ConfigurationError(
                f"{request.path!r} is no path of the service: give '/api/…/'; "
                "the API key is never sent to another host"
            )
        return send(request)

    return through


def only_signed(send: Send) -> Send:
    """For the storage: refuse credentials of the service, and lines that anybody can read."""

    def through(request: Request) -> Awaitable[Reply]:
        stage: Stage = "get" if request.method == "GET" else "put"
        for name in request.headers:
            if name.lower() in {"authorization", "cookie"}:
                raise StorageError("a credential of the service must not go to the storage", stage=stage)
        if not _is_private_origin(_origin(request)):
            host = request.redactor(_origin(request).partition("://")[2].rpartition("@")[2])
            raise StorageError(
                f"refused {request.method} to {host or 'no host'}: a signed URL must be https (or http on "
                "loopback) and hold no user name",
                stage=stage,
            )
        return send(request)

    return through


def _origin(request: Request) -> str:
    scheme, _, rest = request.path.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
