"""Rules for the sources of messages: files below allowed roots, and https URLs of allowed hosts."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import stat
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from attrs import field, frozen

from coredata_async.errors import ConfigurationError, SourceError
from coredata_async.events.errors import SourceUnavailableError
from coredata_async.events.message import show_source

HTTPS_PORT: Final = 443
_HOST: Final = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_UNSENDABLE: Final = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")
_PASSING: Final = frozenset({errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ETIMEDOUT})
"""Errors of a file system that may pass."""


def _roots(roots: Sequence[str | os.PathLike[str]]) -> tuple[Path, ...]:
    found = tuple(Path(os.path.realpath(each)) for each in roots)
    for root in found:
        if not root.is_dir():
            raise ConfigurationError(f"the root {root} is not a folder")
    return found


def _hosts(hosts: Iterable[str]) -> frozenset[str]:
    return frozenset(_host(each) for each in hosts)


def _host(given: str) -> str:
    found = _HOST.fullmatch(given)
    if found is None:
        raise ConfigurationError(f"the allowed host {given!r} must look like NAME or NAME:PORT")
    return f"{found[1].strip('[]').lower()}:{int(found[2] or HTTPS_PORT)}"


def _networks(networks: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(each) for each in networks)
    except ValueError as exc:
        raise ConfigurationError(f"an allowed network must look like 10.1.0.0/16: {exc}") from None


@frozen(kw_only=True)
class SourceRules:
    """The sources that messages may name. Without arguments, none.

    Raises:
        ConfigurationError: If a root is not a folder, or a host or network is malformed.
    """

    roots: tuple[Path, ...] = field(default=(), converter=_roots)
    """Folders. Symbolic links below them may not lead out of them."""
    hosts: frozenset[str] = field(factory=frozenset[str], converter=_hosts)
    """Hosts of https URLs, as `NAME` or `NAME:PORT`."""
    networks: tuple[IPv4Network | IPv6Network, ...] = field(default=(), converter=_networks)
    """Private networks that these hosts may be in."""

    async def file(self, source: str) -> Path:
        """Return the file that a path names, with its symbolic links resolved.

        Raises:
            SourceError: If it is not below an allowed root, or not a regular file that exists.
            SourceUnavailableError: If the file system fails.
        """
        return await asyncio.to_thread(self._file, source)

    def check_url(self, url: str) -> str:
        """Check that a URL is one of an allowed host; return it as messages show it.

        Raises:
            SourceError: If it is not.
        """
        shown = show_source(url)
        try:
            parts = urlsplit(url)
            place = f"{parts.hostname}:{parts.port or HTTPS_PORT}"
        except ValueError:
            raise _refusal("the URL of the source is malformed") from None
        if parts.scheme != "https" or not parts.hostname:
            raise _refusal(f"{shown}: a source must be a path or an https URL")
        if parts.username is not None or parts.password is not None:
            raise _refusal("the URL of the source has a user name, which is not supported")
        if _UNSENDABLE.search(url):
            raise _refusal(f"{shown}: a URL contains no space, and only text; write %20 for a space")
        if place not in self.hosts:
            raise _refusal(f"{shown}: the host {place} is not allowed here (--allow-host)")
        return shown

    def _file(self, source: str) -> Path:
        named = Path(source)
        if not named.is_absolute():
            if len(self.roots) != 1:
                raise _refusal(f"{show_source(source)}: a relative path needs exactly one root (--root)")
            named = self.roots[0] / named
        try:
            # First without a look at the file, so that an error reveals nothing about files elsewhere.
            self._check_root(source, Path(os.path.realpath(named)))
            path = Path(os.path.realpath(named, strict=True))
            self._check_root(source, path)
            regular = stat.S_ISREG(path.stat().st_mode)
        except OSError as exc:
            text = f"{show_source(source)}: it cannot be read: {exc.strerror}"
            raise (
                SourceUnavailableError(text, stage="source") if exc.errno in _PASSING else _refusal(text)
            ) from None
        except ValueError:
            raise _refusal("the path of the source has a character that no path has") from None
        if not regular:
            raise _refusal(f"{show_source(source)}: it is not a regular file")
        return path

    def _check_root(self, source: str, path: Path) -> None:
        if not any(path.is_relative_to(root) for root in self.roots):
            raise _refusal(f"{show_source(source)}: it is not below an allowed root (--root)")


def _refusal(text: str) -> SourceError:
    return SourceError(text, stage="source")
