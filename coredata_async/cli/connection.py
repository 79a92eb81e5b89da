"""Connection options, before or after any sub-command, and the client that they configure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

import click
from attrs import frozen

from coredata_async.cli.failures import remember_address
from coredata_async.cli.output import say
from coredata_async.client import CoreData
from coredata_async.environment import from_environment
from coredata_async.errors import ConfigurationError


@frozen
class SharedOptions:
    """Options that may be given before or after any sub-command; the last one counts."""

    key: str
    """Name under which the context of the command keeps the given values."""
    rows: Sequence[tuple[str, click.ParamType[Any], str, str]]
    """Name, type, placeholder and help of each option."""

    def options(self, *, hidden: bool, taken: Sequence[click.Parameter]) -> list[click.Parameter]:
        """Build the options, without those whose name the command uses itself."""
        own = {flag for each in taken for flag in each.opts}
        return [
            click.Option(
                [f"--{name}"],
                type=kind,
                metavar=metavar,
                help=words,
                hidden=hidden,
                expose_value=False,
                callback=self._keep,
            )
            for name, kind, metavar, words in self.rows
            if f"--{name}" not in own
        ]

    def values_of(self, ctx: click.Context) -> dict[str, str]:
        """Return the values given so far."""
        found: dict[str, str] = ctx.meta.setdefault(self.key, {})
        return found

    def _keep(self, ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        given = self.values_of(ctx)
        if value is not None:
            given[str(param.name)] = value


_SHARED: Final = SharedOptions(
    "coredata_async.cli.connection",
    (
        ("profile", click.STRING, "NAME", "Profile of the configuration file."),
        ("config", click.STRING, "FILE", "Configuration file to read instead of the default one."),
        ("base-url", click.STRING, "URL", "https://<tenant>.coredata.is"),
        (
            "api-user",
            click.STRING,
            "NAME",
            "User name. Keys are read only from the environment or a profile.",
        ),
        ("timeout", click.STRING, "SECONDS", "Timeout for a response, in seconds."),
        ("max-retries", click.STRING, "N", "Maximum number of retries of a request."),
        ("ca-bundle", click.STRING, "FILE", "File of certificates to trust."),
        (
            "proxy",
            click.STRING,
            "URL",
            "HTTP proxy, instead of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.",
        ),
    ),
)


def options(*, hidden: bool = False, taken: Sequence[click.Parameter] = ()) -> list[click.Parameter]:
    """Return the connection options, without those whose name the command uses itself."""
    return _SHARED.options(hidden=hidden, taken=taken)


def explicit_options(ctx: click.Context) -> dict[str, str]:
    """Return the connection options given so far."""
    return _SHARED.values_of(ctx)


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
