"""Address of a NATS server: TLS, and the means to sign in."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Final, cast
from urllib.parse import urlsplit

from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.events.errors import BrokerError
from coredata_async.json_text import decode_json
from coredata_async.plain_data import PlainData
from coredata_async.secret import Secret
from coredata_async.storage.private import read_token
from coredata_async.transport.auth import is_loopback

PORT: Final = 4222
_SCHEMES: Final = frozenset({"nats", "tls", "ws", "wss"})
_SECURE: Final = frozenset({"tls", "wss"})
_WEBSOCKETS: Final = frozenset({"ws", "wss"})
TIMEOUT: Final = 30.0
"""Timeout for the first contact with a server, in seconds."""


def _secret(value: str | Secret[str] | None) -> Secret[str] | None:
    return Secret(value) if isinstance(value, str) else value


@frozen(kw_only=True)
class NatsAddress:
    """A NATS server, and the means to sign in there.

    Raises:
        ConfigurationError: If the URL is not one of NATS, a file cannot be read, or two ways to sign in are
            given.
    """

    url: str = field(repr=False)
    """`nats://HOST:PORT` or `tls://…`; it may contain a password."""
    token: Secret[str] | None = field(default=None, repr=False, converter=_secret)
    token_file: str | None = None
    """A file with the token. It is read at each connection, so that the token can be replaced."""
    credentials: str | None = None
    """A file with a JWT and a seed; needs nkeys."""
    authorities: str | None = None
    """A file of certificates to trust instead of those of the system. TLS is then required."""
    certificate: str | None = None
    """A file with the certificate of this client, for servers that verify it."""
    private_key: str | None = None
    """The file of its key, if it is not in the file of the certificate."""
    tls_first: bool = False
    """Begin with TLS, as servers with `handshake_first` expect."""
    context: ssl.SSLContext | None = field(default=None, repr=False)
    """Context of TLS to use instead of one from the files."""

    def __attrs_post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0
        except ValueError:
            usable, parts = False, urlsplit("")
        if not usable:
            raise ConfigurationError("the address of NATS must look like nats://127.0.0.1:4222")
        given = (parts.username, self.token, self.token_file, self.credentials)
        if sum(each is not None for each in given) > 1:
            raise ConfigurationError(
                "there are two ways to sign in to NATS: give one of a password in the URL, a token, a file "
                "with a token, and a file with credentials"
            )
        if self.token_file is not None:
            self.read_token()

    @property
    def host(self) -> str:
        """The host and port, for messages."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or PORT}"

    @property
    def is_secure(self) -> bool:
        """Return whether the connection must be encrypted."""
        given = (self.authorities, self.certificate, self.context)
        return urlsplit(self.url).scheme in _SECURE or self.tls_first or any(given)

    @property
    def is_exposed(self) -> bool:
        """Return whether a secret crosses a network without encryption."""
        parts = urlsplit(self.url)
        secret = self.token or self.token_file or parts.username
        return secret is not None and not self.is_secure and not is_loopback(parts.hostname or "")

    def read_token(self) -> str:
        """Return the token. Do not keep it in a variable.

        Raises:
            ConfigurationError: If its file cannot be read, or is empty.
        """
        if self.token_file is None:
            return self.token.reveal() if self.token is not None else ""
        return read_token(self.token_file, "the token of NATS")

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the context of TLS; None if the connection need not be encrypted.

        Raises:
            ConfigurationError: If a file cannot be read.
        """
        if self.context is not None or not self.is_secure:
            return self.context
        try:
            context = ssl.create_default_context(cafile=self.authorities)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.private_key)
        except (OSError, ssl.SSLError) as exc:
            failure = f"{type(exc).__name__}: {exc}"
        else:
            return context
        names = ", ".join(each for each in (self.authorities, self.certificate, self.private_key) if each)
        raise ConfigurationError(f"a certificate or key for NATS cannot be read ({names}): {failure}")

    def security(self) -> object:
        """Return the value of FastStream for it.

        Raises:
            ConfigurationError: If a file cannot be read, or nkeys is not installed.
        """
        module = import_module("faststream.nats.security")  # installed: the broker was imported before
        options = {"ssl_context": self.tls_context(), "tls_handshake_first": self.tls_first}
        if self.credentials is not None:
            try:
                return cast("object", module.NatsCredentials(self.credentials, **options))
            except ImportError:
                raise ConfigurationError(
                    "a file with credentials of NATS needs nkeys: pip install 'coredata-async[events]'"
                ) from None
        if self.token is not None or self.token_file is not None:
            return cast("object", module.NatsToken(self._token_reader(), **options))
        return cast("object", module.NatsSecurity(**options))

    def _token_reader(self) -> Callable[[], str]:
        """Return a function that reads the token; while the file cannot be read, it returns the last one."""
        last = Secret(self.read_token())

        def read() -> str:
            nonlocal last
            with suppress(ConfigurationError):
                last = Secret(self.read_token())
            return last.reveal()

        return read


async def check_encryption(address: NatsAddress) -> None:
    """Check that a server encrypts and has a certificate to trust, if the address requires that.

    nats-py encrypts a connection only if the server asks for it, whatever the URL says, and would send the
    token without encryption otherwise. The check costs one more connection. It protects from a mistake; an
    attacker between the two may still change the answer, unless the connection begins with TLS.

    Raises:
        BrokerError: If the server cannot be reached within `TIMEOUT`, or is not as required.
    """
    context = address.tls_context()
    if context is None or urlsplit(address.url).scheme in _WEBSOCKETS:
        return
    failure = ""
    try:
        async with asyncio.timeout(TIMEOUT):
            failure = await _look_at(address, context)
    except TimeoutError:
        failure = f"it does not answer within {TIMEOUT:.0f} s; perhaps it needs --tls-first"
    if failure:
        raise BrokerError(f"NATS at {address.host} cannot be used: {failure}")


async def _look_at(address: NatsAddress, context: ssl.SSLContext) -> str:
    """Return why a server cannot be used. Wait for one that is not there yet."""
    while True:
        try:
            return await _introduce(address, context)
        except ssl.SSLCertVerificationError as exc:
            return (
                f"its certificate is not trusted ({exc.verify_message}); name the certificates to trust with "
                "--tls-ca or NATS_CA"
            )
        except (ssl.SSLError, ValueError) as exc:
            return f"{type(exc).__name__}: {exc}"
        except OSError:
            await asyncio.sleep(1)


async def _introduce(address: NatsAddress, context: ssl.SSLContext) -> str:
    parts = urlsplit(address.url)
    first = context if address.tls_first else None
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or PORT, ssl=first)
    try:
        line = await reader.readline()
        if not address.tls_first:
            info = PlainData.of(decode_json(line.removeprefix(b"INFO ")), "the introduction")
            if info.fields.get("tls_required") is not True:
                return "it does not ask for TLS, and the connection would not be encrypted"
            await writer.start_tls(context, server_hostname=parts.hostname)
    finally:
        writer.close()
    return ""
