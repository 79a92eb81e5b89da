"""Options that the environment or a profile may replace: the connection, with its client, and `--parent`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click
from attrs import frozen

from coredata_async.cli.failures import remember_address
from coredata_async.cli.output import say
from coredata_async.client import CoreData
from coredata_async.environment import from_environment
from coredata_async.errors import AuthenticationError, ConfigurationError
from coredata_async.wire.resource import segment

F = TypeVar("F", bound=Callable[..., Any])
VARIABLE: Final = "COREDATA_PARENT"


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
        ("base-url", click.STRING, "URL", "Address of the service: https://<tenant>.coredata.is."),
        (
            "api-user",
            click.STRING,
            "NAME",
            "User name. Keys are read only from the environment or a profile.",
        ),
        ("timeout", click.STRING, "SECONDS", "Timeout for a response, in seconds. Default: 60."),
        ("max-retries", click.STRING, "N", "Maximum number of retries of a request. Default: 4."),
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


def parent_option(words: str) -> Callable[[F], F]:
    """Declare `--parent` for a command that requires one; its body calls `require_parent`."""
    return click.option("--parent", metavar="ID", help=f"{words} Default: {VARIABLE}.")


def require_parent(given: str | None) -> str:
    """Return the given id, or the one of the settings.

    Raises:
        UsageError: If it is missing or invalid.
    """
    if given is not None:
        return check_form(given)
    from coredata_async.cli.settings import settings  # noqa: PLC0415  # slow

    found, _ = settings(explicit_options(click.get_current_context()), os.environ)
    layer = found.origin("parent")
    if layer is None or layer.settings.parent is None:
        raise click.UsageError(
            "Missing option '--parent': give the id of a Project, Folder or Filespace (`coredata projects "
            f"list` shows some), or set {VARIABLE}."
        )
    return check_form(layer.settings.parent, layer.label("parent"))


def check_form(parent: str, name: str = "--parent") -> str:
    """Return the id if its form is valid.

    Raises:
        UsageError: If it is empty, or contains characters that an id cannot contain.
    """
    try:
        segment(parent, "id of a Project, Folder or Filespace")
    except ConfigurationError as exc:
        raise click.UsageError(f"Invalid value for {name}: {exc}") from None
    return parent


async def check_existence(made: CoreData, parent: str) -> None:
    """Check that the parent exists, before a command starts with other work.

    Raises:
        ConfigurationError: If it does not exist, or cannot contain files.
    """
    from coredata_async.bulk.remote.parent import check_parent  # noqa: PLC0415  # slow

    try:
        await check_parent(made.engine().api, parent)
    except AuthenticationError:
        return  # the work itself reports a refused key
