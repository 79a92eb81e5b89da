"""Every command, with arguments with which it can be called."""

from __future__ import annotations

from collections.abc import Iterator

import click

from coredata_async.cli.app import coredata


def commands(
    command: click.Command = coredata, above: click.Context | None = None
) -> Iterator[tuple[str, click.Context]]:
    """Yield each command and group, by its words after `coredata`."""
    name = command.name or ""
    context = click.Context(command, info_name="coredata" if above is None else name, parent=above)
    yield "" if above is None else context.command_path.removeprefix("coredata "), context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None, each
            found.name = found.name or each
            yield from commands(found, context)


def arguments(command: click.Command, file: str) -> list[str]:
    """Return arguments that a command accepts, as far as it can check them without a server."""
    given: list[str] = []
    for each in command.params:
        if isinstance(each, click.Argument):
            given += [_value(each, file)]
        elif isinstance(each, click.Option) and (each.required or each.name == "parent"):
            given += [each.opts[0], _value(each, file)]
        elif each.name == "yes":
            given += ["--yes"]
    if command.name == "update":
        change = next(each for each in command.params if each.name in {"title", "name", "text", "email"})
        given += [change.opts[0], "x"]
    return given


def _value(parameter: click.Parameter, file: str) -> str:
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    if isinstance(kind, click.Path) or parameter.name == "paths":
        return file
    if parameter.metavar and "JSON" in parameter.metavar:
        return "{}"
    if parameter.name == "password":
        return f"@{file}"
    return {"method": "GET", "path": "/api/v2/spaces/"}.get(str(parameter.name), "1")
