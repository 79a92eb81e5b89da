"""Command group whose help shows the whole summary of each command."""

from __future__ import annotations

import click


class Group(click.Group):
    """Group that wraps the summaries of its commands, where click truncates them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the name and the summary of each command."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, summary(command)) for name, command in named if command and not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def summary(command: click.Command) -> str:
    """Return the first paragraph of a command's help, on one line."""
    text = command.short_help or command.help or ""
    return " ".join(text.partition("\n\n")[0].split())
