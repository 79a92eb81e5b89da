"""Option `--parent`: given, or from COREDATA_PARENT or a profile, and checked before any work."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from coredata_async.bulk.remote.parent import check_parent
from coredata_async.cli.connection import explicit_options
from coredata_async.client import CoreData
from coredata_async.errors import AuthenticationError, ConfigurationError
from coredata_async.wire.resource import segment

F = TypeVar("F", bound=Callable[..., Any])

VARIABLE: Final = "COREDATA_PARENT"


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


async def check_existence(client: CoreData, parent: str) -> None:
    """Check that the parent exists, before a command starts with other work.

    Raises:
        ConfigurationError: If it does not exist, or cannot contain files.
    """
    try:
        await check_parent(client.engine().api, parent)
    except AuthenticationError:
        return  # the work itself reports a refused key
