"""Rejection of requests that would leak a secret: to the wrong host, or over plain HTTP."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from coredata_async.errors import ConfigurationError, Stage, StorageError
from coredata_async.message import Reply, Request, Send


def is_private_line(url: str) -> bool:
    """Return whether the connection is private: https, or http to the loopback interface."""
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname == "localhost":
            return parts.scheme in {"http", "https"}
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:  # a host that cannot be parsed, or a host name
        return False


@lru_cache(maxsize=64)
def _is_private_origin(origin: str) -> bool:
    """Return whether an origin is private. Cached: the same hosts recur, and parsing a URL takes 15 us."""
    return "@" not in origin and is_private_line(origin)


def only_paths(send: Send) -> Send:
    """Reject targets with their own host, because the key would be sent to that host."""

    def through(request: Request) -> Awaitable[Reply]:
        if not request.target.startswith("/") or request.target.startswith("//"):
            raise ConfigurationError(
                f"{request.path!r} is not a path of the service: pass '/api/…/'; "
                "the API key is never sent to another host"
            )
        return send(request)

    return through


def only_signed(send: Send) -> Send:
    """Reject credentials of the service, and unencrypted connections, on the way to the storage."""

    def through(request: Request) -> Awaitable[Reply]:
        stage: Stage = "get" if request.method == "GET" else "put"
        for name in request.headers:
            if name.lower() in {"authorization", "cookie"}:
                raise StorageError("a credential of the service must not go to the storage", stage=stage)
        if not _is_private_origin(_origin(request)):
            host = request.redactor(_origin(request).partition("://")[2].rpartition("@")[2])
            raise StorageError(
                f"refused {request.method} to {host or 'no host'}: a signed URL must be https (or http on "
                "loopback) and contain no user name",
                stage=stage,
            )
        return send(request)

    return through


def _origin(request: Request) -> str:
    scheme, _, rest = request.path.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
