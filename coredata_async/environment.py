"""Environment variables `COREDATA_…` as arguments of the client."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Mapping
from typing import Final
from weakref import WeakKeyDictionary

from coredata_async.config import Retry, Timeouts, number, setting
from coredata_async.errors import ConfigurationError
from coredata_async.secret import Secret, SecretMapping, conceal
from coredata_async.transport.auth import AddressRules
from coredata_async.transport.options import ConnectionOptions
from coredata_async.transport.pool import Session, is_transport

_BASE_URL: Final = AddressRules(
    name="base_url", example="'https://<tenant>.coredata.is'", credential="the API key"
)
_CONCEALED: Final = ("COREDATA_", "FIVEPM_", "NATS_TOKEN")
_BUNDLES: Final = WeakKeyDictionary[ssl.SSLContext, str]()


class Options(ConnectionOptions, total=False):
    """The keywords of `CoreData`."""

    api_user: str | None
    api_key: str | Secret[str] | None
    api_key_v3: str | Secret[str] | None
    storage_session: Session | None


def from_environment(environ: Mapping[str, str]) -> tuple[str | None, Options]:
    """Read base URL and options from environment variables, with keys wrapped.

    Raises:
        ConfigurationError: If a variable has an invalid value.
    """
    environ = SecretMapping(environ)  # errors raised below show the variables of their frames
    arguments: Options = {
        "api_user": setting(environ, "COREDATA_API_USER"),
        "api_key": conceal(setting(environ, "COREDATA_API_KEY")),
        "api_key_v3": conceal(setting(environ, "COREDATA_API_KEY_V3")),
    }
    timeout = number(environ, "COREDATA_TIMEOUT")
    if timeout is not None:
        arguments["timeouts"] = Timeouts(response=timeout or None)
    retries = number(environ, "COREDATA_MAX_RETRIES")
    if retries is not None:
        if not retries.is_integer():
            raise ConfigurationError(f"COREDATA_MAX_RETRIES must be a whole number, not {retries}")
        arguments["retry"] = Retry(attempts=int(retries) + 1)
    bundle = setting(environ, "COREDATA_CA_BUNDLE")
    if bundle is not None:
        arguments["ssl"] = _ca_context(bundle)
    proxy = conceal(setting(environ, "COREDATA_PROXY"))
    if proxy is not None:
        arguments["proxy"] = proxy
    transport = setting(environ, "COREDATA_TRANSPORT")
    if transport is not None:
        if not is_transport(transport):
            raise ConfigurationError(f"COREDATA_TRANSPORT must be auto or aiohttp, not {transport!r}")
        arguments["transport"] = transport
    level = setting(environ, "COREDATA_LOG")
    if level is not None:
        _log(level)
    return setting(environ, "COREDATA_BASE_URL"), arguments


def without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child process: without keys, passwords and tokens of this library."""
    return {name: value for name, value in environ.items() if not name.startswith(_CONCEALED)}


def base_address(base_url: str | None) -> str:
    """Return scheme and host, without a trailing slash.

    Raises:
        ConfigurationError: If it is missing, has more than scheme and host, or would send the key
            unencrypted.
    """
    if not base_url:
        raise ConfigurationError(
            "base_url is missing: pass 'https://<tenant>.coredata.is', or set COREDATA_BASE_URL and use "
            "CoreData.from_env()"
        )
    return _BASE_URL.check(base_url)


def bundle_of(context: ssl.SSLContext) -> str | None:
    """Return the certificate file of a context that was created here, for other processes."""
    return _BUNDLES.get(context)


def _ca_context(bundle: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError as exc:
        if exc.filename and exc.filename == os.environ.get("SSLKEYLOGFILE"):
            raise ConfigurationError(
                f"SSLKEYLOGFILE: {exc.filename} cannot be written: {exc.strerror}"
            ) from exc
        raise ConfigurationError(f"COREDATA_CA_BUNDLE: {bundle} is not a readable certificate file") from exc
    _BUNDLES[context] = bundle
    return context


def _log(level: str) -> None:
    numbers = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}
    if level.lower() not in numbers:
        raise ConfigurationError(f"COREDATA_LOG must be debug, info or warning, not {level!r}")
    log = logging.getLogger("coredata_async")
    log.setLevel(numbers[level.lower()])
    if not any(type(handler) is logging.StreamHandler for handler in log.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        log.addHandler(handler)
