"""First contact with a NATS server: its certificate is checked, and its introduction is read.

By default, NATS introduces itself before TLS, and a client encrypts only if that introduction asks
for it: an attacker between them could remove the request, and read the token. So the clients of a cluster
begin with TLS (`handshake_first` in the server's configuration, nats-server 2.10.4 or later).
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
from contextlib import suppress
from typing import Final

from attrs import frozen

from coredata_async.cluster.address import ClusterAddress
from coredata_async.cluster.certificate import fingerprint_of
from coredata_async.cluster.errors import ClusterError
from coredata_async.errors import ConfigurationError
from coredata_async.plain_data import PlainData

TIMEOUT: Final = 10.0
"""Timeout for the first contact, in seconds."""
SYNCED: Final = "coredata-synced"
"""Beginning of the name of servers whose configuration says `sync_interval: always`, see `server`."""


@frozen
class Introduction:
    """The introduction of a NATS server."""

    name: str
    version: str
    tls: ssl.SSLContext | None
    """Context for further connections, which accepts only the certificate that was checked."""

    @property
    def synced(self) -> bool:
        """True if the server writes to the disk before it confirms; see `SYNCED`."""
        return self.name.startswith(SYNCED)


async def introduce(address: ClusterAddress) -> Introduction:
    """Connect, check the certificate, read the introduction, and disconnect.

    Raises:
        ClusterError: If the server cannot be reached, or does not have the certificate that was expected.
        ConfigurationError: If the file of authorities cannot be read.
    """
    context = _first_context(address) if address.secure else None
    failure = ""
    try:
        async with asyncio.timeout(TIMEOUT):
            der, info = await _read(address, context)
    except TimeoutError:
        failure = f"it does not answer within {TIMEOUT:.0f} s"
        if address.secure:
            failure += "; its configuration must have `tls { handshake_first: true }`"
    except (OSError, ValueError, asyncio.IncompleteReadError) as exc:
        failure = f"{_describe(exc)}; check the address, and that the server runs"
    else:
        if address.fingerprint is not None and der is not None:
            context = _pin(der, address)
        data = PlainData.of(info, "the introduction of the NATS server")
        return Introduction(data.text("server_name"), data.text("version"), context)
    raise ClusterError(f"the cluster at {address.label} cannot be reached: {failure}")


def _first_context(address: ClusterAddress) -> ssl.SSLContext:
    if address.fingerprint is not None:  # nothing is sent before the fingerprint was compared
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        return ssl.create_default_context(cafile=address.authorities)
    except OSError as exc:
        raise ConfigurationError(
            f"the certificates in {address.authorities} cannot be read: {exc.strerror or exc}"
        ) from None


def _pin(der: bytes, address: ClusterAddress) -> ssl.SSLContext:
    found = fingerprint_of(der)
    if found != address.fingerprint:
        raise ClusterError(
            f"the cluster at {address.label} has another certificate than expected: its fingerprint is "
            f"{found}, not {address.fingerprint}; compare it with `coredata cluster status` on that machine"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the certificate itself is known
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=der)
    return context


def _describe(exc: Exception) -> str:
    """Return the reason for people; asyncio adds the address to that of the system."""
    if isinstance(exc, socket.gaierror):
        return exc.strerror or str(exc)
    if isinstance(exc, OSError) and not isinstance(exc, ssl.SSLError) and exc.errno:
        return os.strerror(exc.errno)
    return f"{type(exc).__name__}: {exc}"


async def _read(address: ClusterAddress, context: ssl.SSLContext | None) -> tuple[bytes | None, object]:
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    try:
        connection: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
        der = connection.getpeercert(binary_form=True) if connection is not None else None
        verb, _, line = (await reader.readuntil(b"\r\n")).partition(b" ")
        if verb != b"INFO":
            raise ValueError("it is not a NATS server")
        return der, json.loads(line)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
