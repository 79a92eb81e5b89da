"""The option `--parent`: given, or from COREDATA_PARENT or a profile, and checked before any work."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from coredata_async.bulk.remote.parent import check_parent
from coredata_async.cli.connection import chosen_options
from coredata_async.client import CoreData
from coredata_async.errors import AuthenticationError, ConfigurationError
from coredata_async.wire.lookups import segment

F = TypeVar("F", bound=Callable[..., Any])

VARIABLE: Final = "COREDATA_PARENT"


def parent_option(words: str) -> Callable[[F], F]:
    """Declare `--parent` for a command that needs one; its body calls `required_parent`."""
    return click.option("--parent", metavar="ID", help=f"{words} Default: {VARIABLE}.")


def required_parent(given: str | None) -> str:
    """Return the id that was given, or the one of the settings.

    Raises:
        UsageError: If there is none, or it cannot be an id.
    """
    if given is not None:
        return check_form(given)
    from coredata_async.cli.settings import settings  # noqa: PLC0415  # slow

    found, _ = settings(chosen_options(click.get_current_context()), os.environ)
    layer = found.origin("parent")
    if layer is None or layer.settings.parent is None:
        raise click.UsageError(
            "Missing option '--parent': give the id of a Project, Folder or Filespace (`coredata projects "
            f"list` shows some), or set {VARIABLE}."
        )
    return check_form(layer.settings.parent, layer.label("parent"))


def check_form(parent: str, name: str = "--parent") -> str:
    """Return the id if it can be one, as far as its form says.

    Raises:
        UsageError: If it is empty, or holds what no id holds.
    """
    try:
        segment(parent, "id of a Project, Folder or Filespace")
    except ConfigurationError as exc:
        raise click.UsageError(f"Invalid value for {name}: {exc}") from None
    return parent


async def check_existence(client: CoreData, parent: str) -> None:
    """Check that there is such a parent, for commands whose work would begin with something else.

    Raises:
        ConfigurationError: If there is none, or files cannot go into it.
    """
    try:
        await check_parent(client.engine().api, parent)
    except AuthenticationError:
        return  # the work itself reports what is wrong with the key
