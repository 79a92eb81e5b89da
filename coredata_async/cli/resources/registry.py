"""Rows as groups of commands: `coredata projects list|get|…`, and the commands of a single resource."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import click

from coredata_async.cli import connection
from coredata_async.cli.group import Group
from coredata_async.cli.help_text import evidence_note, first_line
from coredata_async.cli.resources import reading, writing
from coredata_async.cli.resources.methods import methods
from coredata_async.cli.resources.resource import ResourceCommand

_VERBS: Final[dict[str, Callable[[ResourceCommand], click.Command | None]]] = {
    "list": reading.lister,
    "get": reading.getter,
    "create": writing.creator,
    "update": writing.updater,
    "delete": writing.deleter,
}


class NounGroup(Group):
    """Commands of one resource, each built when it is used."""

    def __init__(self, noun: ResourceCommand) -> None:
        super().__init__(
            noun.command, help=first_line(noun.kind.model), params=connection.options(hidden=True)
        )
        self._makers: dict[str, Callable[[], click.Command | None]] = {
            verb: partial(_make, noun, verb) for verb in _VERBS if _is_offered(noun, verb)
        }
        self._own = partial(methods, noun)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the verbs in their usual order, then the others."""
        return [*self._makers, *self._own()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Build one command."""
        if cmd_name in self._makers:
            return self._makers[cmd_name]()
        found = self._own().get(cmd_name)
        return None if found is None else with_connection_options(found)


def with_connection_options(command: click.Command) -> click.Command:
    """Return the command with hidden connection options, which `coredata --help` shows."""
    command.params += connection.options(hidden=True, taken=command.params)
    return command


def _is_offered(noun: ResourceCommand, verb: str) -> bool:
    needs = {"create": noun.new, "update": noun.edit}
    return noun.proof(verb) is not None and needs.get(verb, noun) is not None


def _make(noun: ResourceCommand, verb: str) -> click.Command | None:
    command, proof = _VERBS[verb](noun), noun.proof(verb)
    if command is None or proof is None:
        return None
    if evidence_note(proof):
        command.short_help = f"{command.help} [{proof.evidence}]"
        command.help = f"{command.help}\n\nEvidence: {proof.evidence}, {evidence_note(proof)}: {proof.source}"
    return with_connection_options(command)
