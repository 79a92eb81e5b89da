"""Forward proxies, given explicitly or by the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from attrs import define, field

from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret, SecretMapping
from coredata_async.transport.auth import is_loopback


def usable_proxy(given: Secret[str], name: str = "proxy") -> Secret[str]:
    """Return the URL of a proxy; `host:port` alone means http, as for curl and pip.

    Args:
        given: The proxy. It may contain a password, so neither messages nor variables of this frame repeat
            it.
        name: Name of its source, for messages.

    Raises:
        ConfigurationError: If it is of an unsupported kind, or not a URL.
    """
    problem = _problem(_with_scheme(given.reveal()))
    if problem is not None:
        raise ConfigurationError(f"{name} {problem}")
    return Secret(_with_scheme(given.reveal()))


def _with_scheme(text: str) -> str:
    return text.strip() if "://" in text else f"http://{text.strip()}"


def _problem(url: str) -> str | None:
    """Return the reason why the URL of a proxy is invalid, without quoting it, or None."""
    scheme = url.partition("://")[0].lower()
    if scheme.startswith("socks"):
        return (
            "is a SOCKS proxy, which is not supported: name an HTTP proxy, or pass session= and "
            "storage_session= with a connector of the package aiohttp-socks"
        )
    if scheme not in {"http", "https"}:
        return "must begin with http:// or https://, like http://proxy.example:3128"
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:  # a port that is not a number, or an unmatched bracket
        usable = False
    return None if usable else "is not a URL with a host, like http://proxy.example:3128"


def _no_environment() -> Mapping[str, str]:
    return {}


_Known: TypeAlias = "dict[tuple[str, str], Secret[str] | None]"
"""By scheme and host."""


@define(eq=False)
class Proxies:
    """Selection of the proxy for a URL: the given one for all, or those of the environment.

    The environment is read once. aiohttp's own `trust_env` is not used, because it would also send the
    credentials that `~/.netrc` has for a host.
    """

    given: Secret[str] | None = None
    environment: Mapping[str, str] = field(factory=_no_environment, repr=False)
    """By scheme, `all`, and `no` for the exceptions."""
    _known: _Known = field(factory=dict[tuple[str, str], "Secret[str] | None"], init=False, repr=False)

    @classmethod
    def of(cls, given: Secret[str] | None, *, trust_env: bool) -> Proxies:
        """Use the given proxy, or else `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.

        Raises:
            ConfigurationError: If the given one cannot be used.
        """
        if given is not None:
            return cls(usable_proxy(given))
        environment = getproxies() if trust_env else {}
        return cls(environment=SecretMapping(environment if environment.keys() - {"no"} else {}))

    def __bool__(self) -> bool:
        return self.given is not None or bool(self.environment)

    def all(self) -> Iterator[Secret[str]]:
        """Yield all proxies that may be used. They may contain passwords."""
        if self.given is not None:
            yield self.given
        for scheme in {"http", "https", "all"} & self.environment.keys():
            yield Secret(self.environment[scheme])

    def of_url(self, url: str) -> str | None:
        """Return the proxy for a URL, or None.

        Raises:
            ConfigurationError: If the one in the environment cannot be used, or the given one would receive
                unencrypted requests that are meant for this machine.
        """
        if not self:
            return None
        origin = _origin(url)
        if origin not in self._known:
            self._known[origin] = self._find(*origin)
        known = self._known[origin]
        return None if known is None else known.reveal()

    def _find(self, scheme: str, host: str) -> Secret[str] | None:
        if self.given is not None:
            if _reveals(self.given, scheme, host):
                raise ConfigurationError(
                    f"proxy= is on another machine, and would receive what is sent to {scheme}://{host} "
                    "unencrypted; create the client without it"
                )
            return self.given
        name = scheme if scheme in self.environment else "all"
        if not self.environment.get(name) or proxy_bypass(host):
            return None
        found = usable_proxy(Secret(self.environment[name]), f"the environment variable {name}_proxy")
        return None if _reveals(found, scheme, host) else found


def _reveals(proxy: Secret[str], scheme: str, host: str) -> bool:
    """Return whether a proxy on another machine would receive what must not leave this one.

    Requests to the loopback interface may be unencrypted, and contain the key.
    """
    return (
        scheme == "http"
        and is_loopback(urlsplit(f"//{host}").hostname or "")
        and not is_loopback(urlsplit(proxy.reveal()).hostname or "")
    )


def _origin(url: str) -> tuple[str, str]:
    """Return scheme, and host with port."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]
