"""The API's credentials: added to requests for the service, and to nothing else."""

from __future__ import annotations

from collections.abc import Awaitable

from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import Redactor
from coredata_async.secret import Secret


def _secret(value: str | Secret[str]) -> Secret[str]:
    return value if isinstance(value, Secret) else Secret(value)


@frozen
class Credentials:
    """Who asks. Version 2 wants user and key, version 3 the key alone."""

    user: str
    key: Secret[str] = field(converter=_secret)
    key_v3: Secret[str] = field(converter=_secret)

    def __attrs_post_init__(self) -> None:
        if ":" in self.user:
            raise ConfigurationError("api_user must not hold a colon: the server splits user and key there")
        for name, secret in (
            ("api_user", Secret(self.user)),  # in which some paste their key
            ("api_key", self.key),
            ("api_key_v3", self.key_v3),
        ):
            if not _is_sendable(secret.reveal()):
                raise ConfigurationError(f"{name} holds a space, a line break or another odd character")

    def header(self, path: str) -> str:
        """The Authorization header for a path: `apikey user:key`, plain, with no base64."""
        if path.startswith("/api/v3/"):
            return f"apikey {self.key_v3.reveal()}"
        return f"apikey {self.user}:{self.key.reveal()}"


def with_credentials(send: Send, credentials: Credentials, redactor: Redactor | None = None) -> Send:
    """Add the Authorization header, and what masks the keys in a reply that repeats them.

    Args:
        send: The `Send` for the service, and for no other host.
        credentials: What the header is made of.
        redactor: What masks more than the keys.
    """
    redactor = redactor or Redactor((credentials.key, credentials.key_v3))

    def through(request: Request) -> Awaitable[Reply]:
        # No variable holds the header: crash reporters print those of every frame.
        return send(
            request.with_headers(
                {**request.headers, "Authorization": credentials.header(request.target)}, redactor
            )
        )

    return through


def _is_sendable(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value
