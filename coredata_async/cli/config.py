"""`coredata config`: where the configuration is, and what comes of it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import click
from typed_settings import Secret

from coredata_async.cli import connection
from coredata_async.cli.connection import chosen_in
from coredata_async.cli.console import say
from coredata_async.cli.settings import NAMES, Settings, default_path, settings
from coredata_async.cli.show import echo_json, show_pairs

_CREDENTIALS: Final = re.compile(r"//[^/]*@")


@click.group(params=connection.options(hidden=True))
def config() -> None:
    """Show where the configuration is, and what it says."""


@config.command(params=connection.options(hidden=True))
@click.pass_context
def path(ctx: click.Context) -> None:
    """Print the path of the configuration file."""
    found = Path(chosen_in(ctx).get("config", default_path()))
    click.echo(found)
    if not found.exists():
        say("it does not exist; it may hold [profiles.NAME] with base_url, api_user and api_key")


@config.command(params=connection.options(hidden=True))
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def show(ctx: click.Context, *, as_json: bool) -> None:
    """Show every setting and where it is from, keys masked."""
    found, warnings = settings(chosen_in(ctx), os.environ)
    for warning in warnings:
        say(f"coredata: warning: {warning}")
    told = {name: told for name in NAMES if (told := _told(found, name)) is not None}
    if as_json:
        echo_json({name: {"value": value, "from": origin} for name, (value, origin) in told.items()})
    else:
        show_pairs({name: f"{value}  ({origin})" for name, (value, origin) in told.items()})


def _told(found: Settings, name: str) -> tuple[str, str] | None:
    layer = found.origin(name)
    if layer is None:
        return None
    value = found.secret(name)
    return "***" if isinstance(value, Secret) else _CREDENTIALS.sub("//***@", str(value)), layer.origin
