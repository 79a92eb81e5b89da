"""Credentials of the API, added only to requests for the service, and redaction of secrets in replies."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Iterator
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import Redactor
from coredata_async.secret import Secret


def _secret(value: str | Secret[str]) -> Secret[str]:
    return value if isinstance(value, Secret) else Secret(value)


@frozen
class Credentials:
    """The user and keys of the caller. Version 2 takes user and key, version 3 the key alone."""

    user: str
    key: Secret[str] = field(converter=_secret)
    key_v3: Secret[str] = field(converter=_secret)

    def __attrs_post_init__(self) -> None:
        if ":" in self.user:
            raise ConfigurationError(
                "api_user must not contain a colon: the server splits user and key there"
            )
        for name, secret in (
            ("api_user", Secret(self.user)),  # some callers paste their key here
            ("api_key", self.key),
            ("api_key_v3", self.key_v3),
        ):
            if not _is_sendable(secret.reveal()):
                raise ConfigurationError(
                    f"{name} contains a space, a line break or a character that is not printable ASCII"
                )

    def header(self, path: str) -> str:
        """Return the Authorization header for a path: `apikey user:key`, without base64."""
        if path.startswith("/api/v3/"):
            return f"apikey {self.key_v3.reveal()}"
        return f"apikey {self.user}:{self.key.reveal()}"


def with_credentials(send: Send, credentials: Credentials, redactor: Redactor | None = None) -> Send:
    """Add the Authorization header, and a redactor for the keys in a reply that repeats them.

    Args:
        send: The `Send` for the service; it must not reach another host.
        credentials: User and keys.
        redactor: Masks more secrets than the keys.
    """
    redactor = redactor or Redactor((credentials.key, credentials.key_v3))

    def through(request: Request) -> Awaitable[Reply]:
        # No variable holds the header, because crash reporters print the variables of every frame.
        return send(
            request.with_headers(
                {**request.headers, "Authorization": credentials.header(request.target)}, redactor
            )
        )

    return through


def _is_sendable(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def redact_replies(send: Send, redactor: Redactor) -> Send:
    """Mask secrets in the text of a reply: those of the redactor, and the query of a signed URL."""

    def through(request: Request) -> Awaitable[Reply]:
        own = request.redactor.secrets
        url = Secret(request.target) if request.is_absolute else None
        known = Redactor((*redactor.secrets, *own) if own else redactor.secrets, url)
        return send(request.with_headers(request.headers, known))

    return through


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
