"""Connection options of a 5pm account, and the client that they configure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

import click

from coredata_async.cli import connection
from coredata_async.cli.connection import SharedOptions, explicit_options
from coredata_async.cli.failures import remember_address
from coredata_async.cli.output import say
from coredata_async.cli.settings import PREFIX, FivePMProfile, fivepm_profile
from coredata_async.environment import from_environment
from coredata_async.errors import ConfigurationError
from coredata_async.fivepm import FivePM
from coredata_async.secret import conceal

_SHARED: Final = ("timeout", "max_retries", "ca_bundle", "proxy")
"""Options of `coredata` that apply here, too."""
_WHO: Final = frozenset({"url", "login"})
_ACCOUNT: Final = SharedOptions(
    "coredata_async.cli.fivepm.app",
    (
        ("url", click.STRING, "URL", "Account: its name, acme.5pmweb.com, or a URL. Default: FIVEPM_URL."),
        (
            "login",
            click.STRING,
            "EMAIL",
            "Login. Default: FIVEPM_LOGIN. The password is read only from FIVEPM_PASSWORD or a profile.",
        ),
        (
            "format",
            click.Choice(["json", "xml"]),
            "json|xml",
            "Format of responses; both give the same results. Default: json.",
        ),
        (
            "post-params",
            click.Choice(["body", "query", "split"]),
            "body|query|split",
            "Place of the arguments of a POST: the vendor's page shows the query, its text says the body. "
            "Default: body.",
        ),
        ("dates", click.Choice(["space", "t"]), "space|t", "Prefix of the time in a date. Default: space."),
        (
            "files",
            click.Choice(["base64", "multipart"]),
            "base64|multipart",
            "Encoding of attached files. Default: base64.",
        ),
        (
            "credential",
            click.Choice(["session", "login"]),
            "session|login",
            "Sign in once, or send login and password with each request. Default: session.",
        ),
    ),
)


def options(*, hidden: bool = False, taken: Sequence[click.Parameter] = ()) -> list[click.Parameter]:
    """Return the options of 5pm and of `coredata`, without those whose name the command uses itself."""
    found = _ACCOUNT.options(hidden=hidden, taken=taken)
    return [*found, *connection.options(hidden=True, taken=[*taken, *found])]


def fivepm_client() -> FivePM:
    """Create a 5pm client for the running command.

    Raises:
        ConfigurationError: If a setting is missing or invalid.
    """
    context = click.get_current_context()
    chosen, given = explicit_options(context), _ACCOUNT.values_of(context)
    profile, warnings = fivepm_profile(chosen, os.environ)
    for warning in warnings:
        say(f"coredata: warning: {warning}")
    url = given.get("url") or _variable("URL") or profile.url
    login = given.get("login") or _variable("LOGIN") or profile.login
    password = conceal(os.environ.get("FIVEPM_PASSWORD")) or conceal(_clear(profile))
    if not url or not login or not password:
        raise ConfigurationError(
            "url, login or password of 5pm is missing: set FIVEPM_URL FIVEPM_LOGIN FIVEPM_PASSWORD, "
            "or write "
            "url, login and password into [fivepm.NAME] of the configuration file, where NAME is a profile"
        )
    origin = "--url" if given.get("url") else "FIVEPM_URL" if _variable("URL") else "url in the profile"
    remember_address(context, url, origin)
    shared = {PREFIX + name.upper(): chosen[name] for name in _SHARED if name in chosen}
    _, made = from_environment({**os.environ, **shared})
    manner: dict[str, Any] = {name: value for name, value in given.items() if name not in _WHO}
    return FivePM(
        url,
        login=login,
        password=password,
        timeouts=made.get("timeouts"),
        retry=made.get("retry"),
        ssl=made.get("ssl", True),
        proxy=made.get("proxy"),
        trust_env=True,
        app_info="cli",
        **manner,
    )


def _clear(profile: FivePMProfile) -> str | None:
    return profile.password.get_secret_value() if profile.password else None


def _variable(name: str) -> str | None:
    return os.environ.get(f"FIVEPM_{name}", "").strip() or None
