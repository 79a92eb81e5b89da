"""Command `coredata config`: path of the configuration file, and every setting with its source."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import click
from attrs import frozen
from typed_settings import Secret

from coredata_async.cli import connection
from coredata_async.cli.connection import explicit_options
from coredata_async.cli.help_text import Group
from coredata_async.cli.output import echo_json, say, show_table
from coredata_async.cli.settings import (
    NAMES,
    PREFIX,
    FivePMProfile,
    Settings,
    default_path,
    fivepm_profile,
    profile_name,
    settings,
)
from coredata_async.config import Retry, Timeouts
from coredata_async.redaction import without_queries
from coredata_async.secret import MASK

_CREDENTIALS: Final = re.compile(r"(?<=//)\S*@|^(?!\w+://)[^@\s]*:[^@\s]*@")
"""User name and password before the host of a URL, which may have been given without `https://`."""
_DEFAULTS: Final = {
    "timeout": f"{Timeouts().response:g}",
    "max_retries": str(Retry().attempts - 1),
    "transport": "auto",
    "ca_bundle": "the system's certificates",
    "log": "warning",
}
_PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_VARIABLES: Final = (
    "records",
    "cluster_url",
    "cluster_fingerprint",
    "cluster_ca",
    "cluster_token_file",
    "cluster_replicas",
    "cluster_token",
)
_SECRET: Final = frozenset({"records", "cluster_token"})
_FIVEPM: Final = ("url", "login", "password")
NOT_SET: Final = "not set"


@frozen
class Setting:
    """A setting and its source, as they are shown."""

    name: str
    value: str | None
    """Value; masked if it is a secret, `None` if the setting is not set."""
    origin: str
    """Kind of source: `option`, `environment`, `profile 'home'`, `default`, `not set`."""
    where: str = ""
    """Name of the setting in its source, such as `COREDATA_TIMEOUT`."""


@click.group(cls=Group, params=connection.options(hidden=True))
def config() -> None:
    """Show the path and the content of the configuration."""


@config.command(params=connection.options(hidden=True))
@click.pass_context
def path(ctx: click.Context) -> None:
    """Print the path of the configuration file."""
    found = Path(explicit_options(ctx).get("config", default_path()))
    click.echo(found)
    if not os.path.exists(found):  # noqa: PTH110  # `Path` raises if it may not look
        say(
            "this file does not exist; to use one, write base_url, api_user and api_key below [profiles.NAME]"
        )


@config.command(params=connection.options(hidden=True))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def show(ctx: click.Context, *, as_json: bool) -> None:
    """Show every setting with its value and its source; keys and passwords are masked.

    A source is an option, an environment variable, a profile of the configuration file, or the default.
    """
    chosen = explicit_options(ctx)
    found, warnings = settings(chosen, os.environ)
    account, _ = fivepm_profile(chosen, os.environ)
    for warning in warnings:
        say(f"coredata: warning: {warning}")
    every = [
        _file(chosen),
        _profile(chosen),
        *(_setting(found, name) for name in NAMES),
        *(_fivepm_setting(account, name) for name in _FIVEPM),
        *(_variable(name) for name in _VARIABLES),
    ]
    if as_json:
        echo_json({each.name: _as_json(each) for each in every})
        return
    rows = [(each.name, each.value or "", _source(each)) for each in every]
    show_table(("setting", "value", "source"), rows)


def _as_json(each: Setting) -> dict[str, str | None]:
    return {"value": each.value, "from": each.origin, "name": each.where or None}


def _source(each: Setting) -> str:
    if not each.where or each.origin in each.where:  # `timeout in profile 'home'`
        return each.where or each.origin
    return f"{each.origin}: {each.where}"


def _file(chosen: dict[str, str]) -> Setting:
    if "config" in chosen:
        return Setting("config", chosen["config"], "option", "--config")
    return Setting("config", str(default_path()), "default")


def _profile(chosen: dict[str, str]) -> Setting:
    name, origin, where = profile_name(chosen, os.environ)
    return Setting("profile", name, origin or NOT_SET, where or f"{PREFIX}PROFILE")


def _setting(found: Settings, name: str) -> Setting:
    layer = found.origin(name)
    if layer is not None:
        value = found.secret(name)
        shown = "***" if isinstance(value, Secret) else _mask(name, str(value))
        return Setting(name, shown, layer.origin, layer.label(name))
    if name == "api_key_v3" and found.origin("api_key") is not None:
        return Setting(name, "***", "default", "the same as api_key")
    if name == "proxy" and (variable := _proxy_variable()):
        return Setting(name, "***", "environment", variable)
    if name in _DEFAULTS:
        return Setting(name, _DEFAULTS[name], "default")
    return Setting(name, None, NOT_SET, f"{PREFIX}{name.upper()}")


def _proxy_variable() -> str | None:
    """Return the proxy variable that is set (`HTTPS_PROXY` and the like), which the command honours."""
    names = (form for name in _PROXIES for form in (name, name.lower()))
    return next((name for name in names if os.environ.get(name, "").strip()), None)


def _variable(name: str) -> Setting:
    """Return a setting that only the environment has; an address of records may contain a password."""
    variable = f"{PREFIX}{name.upper()}"
    value = os.environ.get(variable, "").strip()
    if value:
        return Setting(name, "***" if name in _SECRET else value, "environment", variable)
    return Setting(name, None, NOT_SET, variable)


def _fivepm_setting(account: FivePMProfile, name: str) -> Setting:
    variable, secret = f"FIVEPM_{name.upper()}", name == "password"
    given = os.environ.get(variable, "").strip()
    if given:
        return Setting(f"fivepm_{name}", "***" if secret else _mask(name, given), "environment", variable)
    value: Secret[str] | str | None = getattr(account, name)
    if value is None:
        return Setting(f"fivepm_{name}", None, NOT_SET, variable)
    shown = "***" if isinstance(value, Secret) else _mask(name, value)
    return Setting(f"fivepm_{name}", shown, "profile", f"{name} in [fivepm]")


def _mask(name: str, text: str) -> str:
    """Mask credentials that users put into settings by mistake."""
    if name == "api_user":  # some users paste `user:key`, which is refused later
        user, colon, _ = text.partition(":")
        return f"{user}:{MASK}" if colon else text
    return without_queries(_CREDENTIALS.sub(f"{MASK}@", text))
