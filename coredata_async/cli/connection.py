"""Connection options, before or after any sub-command, and the client that they configure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import click

from coredata_async.cli.failures import remember_address
from coredata_async.cli.output import say
from coredata_async.client import CoreData
from coredata_async.environment import from_environment
from coredata_async.errors import ConfigurationError

CHOSEN: Final = "coredata_async.cli.connection"

_OPTIONS: Final = (
    ("profile", "NAME", "Profile of the configuration file."),
    ("config", "FILE", "Configuration file to read instead of the default one."),
    ("base-url", "URL", "https://<tenant>.coredata.is"),
    ("api-user", "NAME", "User name. Keys are read only from the environment or a profile."),
    ("timeout", "SECONDS", "Timeout for a response, in seconds."),
    ("max-retries", "N", "Maximum number of retries of a request."),
    ("ca-bundle", "FILE", "File of certificates to trust."),
    ("proxy", "URL", "HTTP proxy, instead of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."),
)


def options(*, hidden: bool = False, taken: Sequence[click.Parameter] = ()) -> list[click.Parameter]:
    """Return the connection options, without those whose name the command uses itself."""
    own = {flag for each in taken for flag in each.opts}
    return [
        click.Option(
            [f"--{name}"],
            metavar=metavar,
            help=words,
            hidden=hidden,
            expose_value=False,
            callback=_choose,
        )
        for name, metavar, words in _OPTIONS
        if f"--{name}" not in own
    ]


def _choose(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Store the given value; the option of a sub-command comes later and overrides."""
    chosen = explicit_options(ctx)
    if value is not None:
        chosen[str(param.name)] = value


def explicit_options(ctx: click.Context) -> dict[str, str]:
    """Return the connection options given so far."""
    found: dict[str, str] = ctx.meta.setdefault(CHOSEN, {})
    return found


def client() -> CoreData:
    """Create a client for the running command.

    Raises:
        ConfigurationError: If a setting is missing or invalid.
    """
    from coredata_async.cli import settings as files  # noqa: PLC0415  # slow

    context = click.get_current_context()
    found, warnings = files.settings(explicit_options(context), os.environ)
    for warning in warnings:
        say(f"coredata: warning: {warning}")
    missing = [name for name in files.NEEDED if found.origin(name) is None]
    if missing:
        raise ConfigurationError(
            f"{', '.join(missing)} missing: set {' '.join(files.PREFIX + each.upper() for each in missing)}, "
            f"or write a profile into {files.default_path()}"
        )
    try:
        address, made = from_environment({**os.environ, **found.environment()})
        made["app_info"], made["trust_env"] = "cli", True
        signed_in = CoreData(address, **made)
    except ConfigurationError as exc:
        raise ConfigurationError(found.explain_source(str(exc))) from None
    layer = found.origin("base_url")
    if address and layer:
        remember_address(context, address.strip(), layer.label("base_url"))
    return signed_in
