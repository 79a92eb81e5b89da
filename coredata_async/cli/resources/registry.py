"""Rows as groups of commands: `coredata projects list|get|…`, and the commands of a single resource."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from types import NoneType
from typing import Any, Final, cast, get_type_hints

import click

from coredata_async.cli import connection
from coredata_async.cli.connection import client
from coredata_async.cli.help_text import Group, argument_help, evidence_note, first_line
from coredata_async.cli.resources import reading, writing
from coredata_async.cli.resources.resource import ResourceCommand
from coredata_async.client import CoreData
from coredata_async.ids import Id

_SIMPLE: Final = {str, bool, Id}


_VERBS: Final[dict[str, Callable[[ResourceCommand], click.Command | None]]] = {
    "list": reading.lister,
    "get": reading.getter,
    "create": writing.creator,
    "update": writing.updater,
    "delete": writing.deleter,
}


def methods(noun: ResourceCommand) -> dict[str, click.Command]:
    """Return these commands by name: all coroutines that take text and flags and return nothing."""
    service = type(noun.service(CoreData("https://example.coredata.is", api_user="-", api_key="-")))
    return {
        name.replace("_", "-"): _command(noun, name, method)
        for name, method in vars(service).items()
        if not name.startswith("_") and inspect.iscoroutinefunction(method) and _is_simple(method)
    }


def _is_simple(method: Callable[..., object]) -> bool:
    hints = get_type_hints(method)
    return hints.pop("return", None) is NoneType and set(hints.values()) <= _SIMPLE


def _command(noun: ResourceCommand, name: str, method: Callable[..., object]) -> click.Command:
    taken = list(inspect.signature(method).parameters.values())[1:]  # skips `self`
    words = argument_help(method)

    def run(**values: Any) -> None:
        positional: list[str] = []
        for each in taken:
            if each.kind is each.VAR_POSITIONAL:
                positional += values.pop(each.name)
            elif each.kind is each.POSITIONAL_OR_KEYWORD:
                positional.append(values.pop(each.name))
        asyncio.run(_call(noun, client(), name, positional, values))

    return click.Command(
        name.replace("_", "-"),
        callback=run,
        params=[_parameter(each, words.get(each.name)) for each in taken],
        help=first_line(method),
    )


async def _call(
    noun: ResourceCommand, made: CoreData, name: str, positional: list[str], named: dict[str, Any]
) -> None:
    async with made:
        await cast("Callable[..., Awaitable[None]]", getattr(noun.service(made), name))(*positional, **named)


def _parameter(taken: inspect.Parameter, words: str | None) -> click.Parameter:
    if taken.kind is not taken.KEYWORD_ONLY:
        many = taken.kind is taken.VAR_POSITIONAL
        return click.Argument(
            [taken.name],
            nargs=-1 if many else 1,
            required=True,
            metavar=taken.name.upper() + ("..." if many else ""),
        )
    flag = f"--{taken.name.replace('_', '-')}"
    if isinstance(taken.default, bool):
        return click.Option([flag, taken.name], is_flag=True, help=words)
    needed = taken.default is taken.empty
    return click.Option(
        [flag, taken.name],
        metavar="ID" if taken.annotation in {Id, "Id"} else "TEXT",
        required=needed,
        default=None if needed else taken.default,
        help=words,
    )


class NounGroup(Group):
    """Commands of one resource, each built when it is used."""

    def __init__(self, noun: ResourceCommand) -> None:
        super().__init__(
            noun.command,
            help=first_line(noun.kind.model),
            params=connection.options(hidden=True),
            epilog=_legend(noun),
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


def _legend(noun: ResourceCommand) -> str | None:
    """Return an explanation of the levels of evidence that the summaries of the verbs mention."""
    proofs = [noun.proof(verb) for verb in _VERBS if _is_offered(noun, verb)]
    levels = {proof.evidence: evidence_note(proof.evidence) for proof in proofs if proof}
    return " ".join(f"[{level}]: {note}." for level, note in levels.items() if note) or None


def _is_offered(noun: ResourceCommand, verb: str) -> bool:
    needs = {"create": noun.new, "update": noun.edit}
    return noun.proof(verb) is not None and needs.get(verb, noun) is not None


def _make(noun: ResourceCommand, verb: str) -> click.Command | None:
    command, proof = _VERBS[verb](noun), noun.proof(verb)
    if command is None or proof is None:
        return None
    if note := evidence_note(proof.evidence):
        command.short_help = f"{command.help} [{proof.evidence}]"
        command.help = f"{command.help}\n\nEvidence: {proof.evidence}, {note}: {proof.source}"
    return with_connection_options(command)
