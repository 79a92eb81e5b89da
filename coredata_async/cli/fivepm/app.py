"""Command `coredata 5pm`: every method of the second service, generated from its rows, and the archive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import click

from coredata_async.cli.fivepm import connection
from coredata_async.cli.fivepm.files import archive, attacher, downloader
from coredata_async.cli.fivepm.methods import caller, lister, remover, updater
from coredata_async.cli.help_text import Group
from coredata_async.fivepm.method import Method
from coredata_async.fivepm.methods import METHODS

_WORDS: Final = {
    "auth": "The session, and the user it belongs to.",
    "metainfo": "The statuses and priorities of the account.",
    "projects": "Projects with their tasks.",
    "tasks": "Units of work, inside a project or on their own.",
    "users": "The users of the account.",
    "activity": "Messages, progress notes and files posted to projects and tasks.",
    "groups": "Groups of projects.",
}


class Services(Group):
    """Command groups: one per service, and the archive."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of all groups."""
        return [*_WORDS, "archive"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Build one group."""
        if cmd_name == "archive":
            return archive
        return ServiceGroup(cmd_name) if cmd_name in _WORDS else None


class ServiceGroup(Group):
    """Methods of one service as commands, each built when it is used."""

    def __init__(self, service: str) -> None:
        super().__init__(service, help=_WORDS[service], params=connection.options(hidden=True))
        self._rows = {command_name(row): row for row in METHODS.values() if _service(row) == service}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of the commands, in the order of the rows."""
        return list(self._rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Build one command."""
        row = self._rows.get(cmd_name)
        return None if row is None else command_of(row)


def command_name(row: Method) -> str:
    """Return the name of a method's command within its group, such as `get-by-email`."""
    return row.python.partition(".")[2].replace("_", "-")


def command_of(row: Method) -> click.Command:
    """Build the command of a method."""
    command = _maker(row)(row)
    command.name = command_name(row)
    command.help = f"{command.help}\n\n5pm: {row.verb} {row.full_name}. {row.note}".rstrip()
    command.params += connection.options(hidden=True, taken=command.params)
    return command


def _maker(row: Method) -> Callable[[Method], click.Command]:
    if "files" in row.arguments:
        return attacher
    if row.result == "content":
        return downloader
    if row.result == "many":
        return lister
    if row.fields is not None and "id" in row.arguments:
        return updater
    return remover if row.result == "flag" and row.arguments else caller


def _service(row: Method) -> str:
    return row.python.partition(".")[0]


@click.group("5pm", cls=Services, params=connection.options())
def fivepm() -> None:
    """Use 5pm, the second service: all of its methods, and an archive of its projects in CoreData.

    The options below may also follow a sub-command. They override FIVEPM_URL, FIVEPM_LOGIN and
    FIVEPM_PASSWORD, and those override url, login and password of [fivepm.NAME] in the configuration file.
    """
