"""Credentials of the API, added only to requests for the service, and rejection of requests that leak them.

Rejected are requests to the wrong host, or over plain HTTP. What replies repeat of a secret is masked. The
address of a service is checked before credentials are sent there: scheme and host, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from attrs import field, frozen

from coredata_async.errors import ConfigurationError, Stage, StorageError
from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import Redactor
from coredata_async.secret import Secret

_CREDENTIALS: Final = frozenset({"authorization", "cookie"})
"""Headers that the storage must not receive."""
_LABEL: Final = r"\w(?:[\w-]{0,61}\w)?"
_AUTHORITY: Final = re.compile(
    rf"(?:\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|{_LABEL}(?:\.{_LABEL})*\.?)(?::[0-9]{{1,5}})?", re.I
)
"""Host and port. Letters outside ASCII are allowed; the transport translates such names.

`urlsplit` alone accepts more: `[::1]evil.com`, or a backslash. Requests to such an address cannot be sent.
"""


def _secret(value: str | Secret[str]) -> Secret[str]:
    return value if isinstance(value, Secret) else Secret(value)


@frozen
class Credentials:
    """The user and keys of the caller. Version 2 takes user and key, version 3 the key alone."""

    user: str
    key: Secret[str] = field(converter=_secret)
    key_v3: Secret[str] = field(converter=_secret)

    def __attrs_post_init__(self) -> None:
        for name, secret in (
            ("api_user", Secret(self.user)),  # some callers paste their key here
            ("api_key", self.key),
            ("api_key_v3", self.key_v3),
        ):
            if not isinstance(secret.reveal(), str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ConfigurationError(f"{name} must be a str, not a {type(secret.reveal()).__name__}")
            if not _is_sendable(secret.reveal()):
                raise ConfigurationError(
                    f"{name} contains a space, a line break or a character that is not printable ASCII"
                )
        if ":" in self.user:
            raise ConfigurationError(
                "api_user must not contain a colon: the server splits user and key there"
            )

    def header(self, path: str) -> str:
        """Return the Authorization header for a path: `apikey user:key`, without base64."""
        if path.startswith("/api/v3/"):
            return f"apikey {self.key_v3.reveal()}"
        return f"apikey {self.user}:{self.key.reveal()}"


def is_private_line(url: str) -> bool:
    """Return whether the connection is private: https, or http to the loopback interface."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    except ValueError:  # it cannot be parsed
        return False


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, and cannot be reached from another one."""
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a host name
        return host == "localhost"


@lru_cache(maxsize=64)
def _is_private_origin(origin: str) -> bool:
    """Return whether an origin is private. Cached: the same hosts recur, and parsing a URL takes 15 us."""
    return "@" not in origin and is_private_line(origin)


def guard_service(send: Send, redactor: Redactor, credentials: Credentials | None = None) -> Send:
    """Reject targets with their own host, add the key, and have its repetitions in replies masked.

    Args:
        send: The `Send` for the service; it must not reach another host.
        redactor: Masks the secrets of the client.
        credentials: User and keys, for a service that takes them in a header.
    """
    # Memoryviews, whose repr does not show the keys: crash reporters print the variables of every frame.
    v2, v3 = (
        memoryview(credentials.header(path).encode() if credentials else b"") for path in ("/", "/api/v3/")
    )

    def through(request: Request) -> Awaitable[Reply]:
        target = request.target
        if target[:1] != "/" or target[:2] == "//":
            raise ConfigurationError(
                f"{request.path!r} is not a path of the service: pass '/api/…/'; "
                "the API key is never sent to another host"
            )
        known = redactor.also(*own) if (own := request.redactor.secrets) else redactor
        if credentials is None:
            return send(request.with_headers(request.headers, known))
        key = v3 if target.startswith("/api/v3/") else v2
        return send(request.with_headers({**request.headers, "Authorization": str(key, "ascii")}, known))

    return through


def guard_storage(send: Send, redactor: Redactor) -> Send:
    """Reject credentials of the service, and unencrypted connections, on the way to the storage.

    The query of the signed URL is masked in the text of replies, like the secrets of the redactor.
    """

    def through(request: Request) -> Awaitable[Reply]:
        for name in request.headers:
            if name.lower() in _CREDENTIALS:
                raise StorageError(
                    "a credential of the service must not go to the storage", stage=_stage(request)
                )
        origin = "/".join(request.target.partition("?")[0].split("/", 3)[:3])
        if not _is_private_origin(origin):
            host = request.redactor(origin.partition("://")[2].rpartition("@")[2])
            raise StorageError(
                f"refused {request.method} to {host or 'no host'}: a signed URL must be https (or http on "
                "loopback) and contain no user name",
                stage=_stage(request),
            )
        secrets = (*redactor.secrets, *request.redactor.secrets)
        return send(request.with_headers(request.headers, Redactor(secrets, request)))

    return through


def _stage(request: Request) -> Stage:
    return "get" if request.method == "GET" else "put"


def _is_sendable(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def passwords_in(urls: Iterable[Secret[str]]) -> Iterator[Secret[str]]:
    """Yield the passwords in URLs of proxies, as they are written and as they are sent."""
    for url in urls:
        try:
            text = url.reveal()
            written = urlsplit(text if "://" in text else f"http://{text}").password
        except ValueError:
            continue
        if written:
            yield Secret(written)
            yield Secret(unquote(written))


@frozen(kw_only=True)
class AddressRules:
    """Terms of one client for the errors in its address."""

    name: str
    """Name of the argument in messages."""
    example: str
    credential: str
    """Credential that plain HTTP would reveal."""

    def check(self, url: str) -> str:
        """Return scheme, host and port of an address, without a trailing slash.

        Raises:
            ConfigurationError: If it is not a URL, has more than scheme and host, or would send the
                credential unencrypted. The message does not repeat a user name, a path or a query.
        """
        parts = self._split(url.strip())
        if parts.scheme not in {"http", "https"}:
            raise ConfigurationError(f"{self.name} must look like {self.example}, and begin with https://")
        if parts.username is not None:
            raise ConfigurationError(f"{self.name} must look like {self.example}, without a user name")
        if _AUTHORITY.fullmatch(parts.netloc) is None:
            raise self._syntax_error()
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ConfigurationError(
                f"{self.name} must consist of scheme and host, as {parts.scheme}://{parts.hostname}"
            )
        if not is_private_line(url.strip()):
            raise ConfigurationError(
                f"{self.name} is http://{parts.hostname}, which would send {self.credential} unencrypted; "
                "use https:// (http:// is for loopback only)"
            )
        return f"{parts.scheme}://{parts.netloc}"

    def _split(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            if parts.port != 0:  # the property raises for a port that is not a number
                return parts
        except ValueError:
            pass
        raise self._syntax_error()

    def _syntax_error(self) -> ConfigurationError:
        return ConfigurationError(f"{self.name} must look like {self.example}")
