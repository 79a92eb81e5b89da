"""Address of a cluster's NATS servers, with the means to check them and to sign in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from attrs import field, frozen

from coredata_async.cluster.certificate import parse_fingerprint
from coredata_async.config import setting
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret, conceal
from coredata_async.storage.private import read_token
from coredata_async.transport.auth import is_loopback

PORT: Final = 4222
_SCHEMES: Final = frozenset({"nats", "tls"})
_VARIABLES: Final = "COREDATA_CLUSTER_"


@frozen
class ServerUrl:
    """URL of one NATS server."""

    url: str

    @property
    def host(self) -> str:
        """Host name or IP address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """TCP port."""
        return urlsplit(self.url).port or PORT

    @property
    def label(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        """True if the connection uses TLS."""
        return urlsplit(self.url).scheme == "tls"


def _split(text: str) -> str:
    return ",".join(part.strip() for part in text.split(","))


def _check_urls(instance: object, attribute: object, text: str) -> None:
    del instance, attribute
    for url in text.split(","):
        _check_url(url)
    if len({urlsplit(url).scheme for url in text.split(",")}) > 1:
        raise ConfigurationError(
            "all servers of a cluster must be reached by TLS, or none: use tls:// for each"
        )


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0 and url.split() == [url]
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable:
        raise ConfigurationError(
            "the address of a cluster must look like tls://head.example:4222; several servers of one cluster "
            "are separated by commas"
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            "the address of a cluster must not contain a token or password; put the token into a file, and "
            f"name it in {_VARIABLES}TOKEN_FILE"
        )


def _fingerprints(text: str | None) -> str | None:
    return None if text is None else ",".join(map(parse_fingerprint, text.split(",")))


@frozen(kw_only=True)
class ClusterAddress:
    """Address of a NATS server, or of several servers that form one NATS cluster.

    Raises:
        ConfigurationError: If a URL or fingerprint is malformed, or a host is neither loopback nor
            reached by TLS.
    """

    url: str = field(converter=_split, validator=_check_urls)
    """`tls://HOST:PORT`, or `nats://127.0.0.1:PORT` on the same machine; several are separated by commas."""
    token: Secret[str] | None = field(default=None, repr=False)
    fingerprint: str | None = field(default=None, converter=_fingerprints)
    """SHA-256 of the only certificate that is accepted; None accepts those of the authorities. Those of
    several servers are separated by commas."""
    authorities: Path | None = None
    """File of certificates of authorities; None uses those of the system."""
    allow_plain: bool = False
    """True to permit a connection without TLS to another machine."""

    def __attrs_post_init__(self) -> None:
        for server in self.servers:
            if not self.allows(server.host):
                raise ConfigurationError(
                    f"the connection to {server.label} would not be encrypted; use tls://, or a tunnel to "
                    "loopback"
                )

    @property
    def servers(self) -> tuple[ServerUrl, ...]:
        """URL of each server, in the order in which they are tried."""
        return tuple(map(ServerUrl, self.url.split(",")))

    @property
    def label(self) -> str:
        """Hosts and ports, for messages."""
        return ", ".join(server.label for server in self.servers)

    @property
    def secure(self) -> bool:
        """True if the connections use TLS."""
        return self.servers[0].secure

    def allows(self, host: str) -> bool:
        """Return whether the token may be sent to a host."""
        return self.secure or self.allow_plain or is_loopback(host)


def read_address(
    url: str,
    *,
    fingerprint: str | None = None,
    authorities: str | os.PathLike[str] | None = None,
    token_file: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ClusterAddress:
    """Complete an address from the environment: COREDATA_CLUSTER_FINGERPRINT, _CA, _TOKEN_FILE and _TOKEN.

    Raises:
        ConfigurationError: If a value is malformed, or the token's file cannot be read.
    """
    path = token_file or setting(environ, f"{_VARIABLES}TOKEN_FILE")
    token = conceal(
        setting(environ, f"{_VARIABLES}TOKEN")
        if path is None
        else read_token(path, "the token of the cluster")
    )
    bundle = authorities or setting(environ, f"{_VARIABLES}CA")
    return ClusterAddress(
        url=url,
        token=token,
        fingerprint=fingerprint or setting(environ, f"{_VARIABLES}FINGERPRINT"),
        authorities=None if bundle is None else Path(bundle),
    )
