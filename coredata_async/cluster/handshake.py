"""First contact with a NATS server: its certificate is checked, and its introduction is read.

By default, NATS introduces itself before TLS, and a client encrypts only if that introduction asks
for it: an attacker between them could remove the request, and read the token. So the clients of a cluster
begin with TLS (`handshake_first` in the server's configuration, nats-server 2.10.4 or later).
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import suppress
from typing import Final

from attrs import frozen

from coredata_async.cluster.address import ClusterAddress, ServerUrl
from coredata_async.cluster.certificate import fingerprint_of
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.nats_errors import MIN_PAYLOAD
from coredata_async.errors import ConfigurationError
from coredata_async.json_text import decode_json
from coredata_async.plain_data import PlainData

TIMEOUT: Final = 10.0
"""Timeout for the first contact, in seconds."""
_TRUST: Final = (
    "name its fingerprint with fingerprint= or COREDATA_CLUSTER_FINGERPRINT (`coredata cluster status` shows "
    "it on that machine), or a file with its authority with authorities= or COREDATA_CLUSTER_CA"
)
SYNCED: Final = "coredata-synced"
"""Beginning of the name of servers whose configuration says `sync_interval: always`, see `server`."""


@frozen
class Introduction:
    """The introduction of a NATS server."""

    url: str
    name: str
    version: str
    cluster: str | None
    """Name of the NATS cluster that the server belongs to."""
    tls: ssl.SSLContext | None
    """Context for further connections, which checks certificates in the same way."""

    @property
    def synced(self) -> bool:
        """True if the server writes to the disk before it confirms; see `SYNCED`."""
        return self.name.startswith(SYNCED)


async def introduce(address: ClusterAddress) -> Introduction:
    """Connect, check the certificate, read the introduction, and disconnect.

    Of several servers, the first one that can be used is returned.

    Raises:
        ClusterError: If no server can be reached, or has the certificate that was expected.
        ConfigurationError: If the file of authorities cannot be read, or several servers are not one cluster.
    """
    context = _make_context(address) if address.secure else None
    failures: list[str] = []
    for server in address.servers:
        try:
            found = await _introduce(server, context)
        except ClusterError as exc:
            failures.append(str(exc))
            continue
        if len(address.servers) > 1 and found.cluster is None:  # each would have leases of its own
            raise ConfigurationError(
                f"the servers {address.label} are not one NATS cluster: {server.label} belongs to none; "
                "name only one server"
            )
        return found
    raise ClusterError("; ".join(failures))


async def _introduce(server: ServerUrl, context: ssl.SSLContext | None) -> Introduction:
    failure = ""
    try:
        async with asyncio.timeout(TIMEOUT):
            info = await _read(server, context)
    except TimeoutError:
        failure = f"it does not answer within {TIMEOUT:.0f} s"
        if server.secure:
            failure += "; its configuration must have `tls { handshake_first: true }`"
    except OtherCertificateError as exc:
        raise ClusterError(f"the cluster at {server.label} has {exc.strerror}") from None
    except ssl.SSLCertVerificationError as exc:
        failure = f"its certificate is not trusted ({exc.verify_message}); {_TRUST}"
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as exc:
        failure = f"{_describe(exc)}; check the address, and that the server runs"
    else:
        data = PlainData.of(info, "the introduction of the NATS server")
        if (size := data.integer("max_payload")) < MIN_PAYLOAD:
            raise ConfigurationError(
                f"the NATS server at {server.label} takes messages of {size:,} bytes, and a cluster needs "
                f"{MIN_PAYLOAD:,}: set `max_payload: 1MB`, the default, in its configuration"
            )
        return Introduction(
            server.url, data.text("server_name"), data.text("version"), data.optional_text("cluster"), context
        )
    raise ClusterError(f"the cluster at {server.label} cannot be reached: {failure}")


def _make_context(address: ClusterAddress) -> ssl.SSLContext:
    if address.fingerprint is not None:
        return _pin(frozenset(address.fingerprint.split(",")))
    try:
        context = ssl.create_default_context(cafile=address.authorities)
    except OSError as exc:
        raise ConfigurationError(
            f"the certificates in {address.authorities} cannot be read: {exc.strerror or exc}"
        ) from None
    context.sslobject_class = TlsObject
    return context


def _describe(exc: Exception) -> str:
    """Return the reason for people; asyncio adds the address to that of the system."""
    if isinstance(exc, socket.gaierror):
        return exc.strerror or str(exc)
    if isinstance(exc, OSError) and not isinstance(exc, ssl.SSLError) and exc.errno:
        return os.strerror(exc.errno)
    return f"{type(exc).__name__}: {exc}"


class TlsObject(ssl.SSLObject):
    """TLS that ends at once: asyncio would wait 30 seconds for the answer of a server that is lost."""

    def unwrap(self) -> None:
        """End TLS, without waiting until the server does."""
        with suppress(ssl.SSLWantReadError):
            super().unwrap()


class OtherCertificateError(ssl.SSLCertVerificationError):
    """Error of a handshake with a server whose certificate does not have an expected fingerprint."""


def _pin(expected: frozenset[str]) -> ssl.SSLContext:
    """Return a context that accepts only some certificates, whatever host has them."""

    class PinnedObject(TlsObject):
        def do_handshake(self) -> None:  # nothing is sent before it has returned
            super().do_handshake()
            found = fingerprint_of(self.getpeercert(binary_form=True) or b"")
            if found not in expected:
                names = " or ".join(sorted(expected))
                raise OtherCertificateError(
                    1,
                    f"another certificate than expected: its fingerprint is {found}, not {names}; compare it "
                    "with `coredata cluster status` on that machine",
                )

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the certificate itself is known
    context.verify_mode = ssl.CERT_NONE
    context.sslobject_class = PinnedObject
    return context


async def _read(server: ServerUrl, context: ssl.SSLContext | None) -> object:
    reader, writer = await asyncio.open_connection(server.host, server.port, ssl=context)
    try:
        verb, _, line = (await reader.readuntil(b"\r\n")).partition(b" ")
        if verb != b"INFO":
            raise ValueError("it is not a NATS server")
        return decode_json(line)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
