"""The options that say who to be, before or after any sub-command, and the client they give."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import click

from coredata_async.cli.error_messages import remember_address
from coredata_async.cli.output import say
from coredata_async.client import CoreData
from coredata_async.environment import from_environment
from coredata_async.errors import ConfigurationError

CHOSEN: Final = "coredata_async.cli.connection"

_OPTIONS: Final = (
    ("profile", "NAME", "Profile of the configuration file."),
    ("config", "FILE", "Configuration file, instead of the usual one."),
    ("base-url", "URL", "https://<tenant>.coredata.is"),
    ("api-user", "NAME", "User name; keys come from the environment or a profile only."),
    ("timeout", "SECONDS", "How long to wait for an answer."),
    ("max-retries", "N", "How often to repeat a request."),
    ("ca-bundle", "FILE", "Certificates to trust."),
    ("proxy", "URL", "HTTP proxy, instead of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."),
)


def options(*, hidden: bool = False, taken: Sequence[click.Parameter] = ()) -> list[click.Parameter]:
    """The options; those whose name a command has taken for itself are left to it."""
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
    """Keep what was given: a sub-command's word comes later, and counts."""
    chosen = chosen_options(ctx)
    if value is not None:
        chosen[str(param.name)] = value


def chosen_options(ctx: click.Context) -> dict[str, str]:
    """Return what was given so far."""
    found: dict[str, str] = ctx.meta.setdefault(CHOSEN, {})
    return found


def client() -> CoreData:
    """A client for the command that runs.

    Raises:
        ConfigurationError: A setting is missing, or does not hold what it should.
    """
    from coredata_async.cli import settings as files  # noqa: PLC0415  # slow

    context = click.get_current_context()
    found, warnings = files.settings(chosen_options(context), os.environ)
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
