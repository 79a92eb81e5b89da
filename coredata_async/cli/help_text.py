"""Help texts: of groups, of verbs and fields from their docstrings, and the evidence for a verb."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import Final

import click

from coredata_async.wire.resource import Evidence

_OPERATORS: Final = {
    "startswith": "Beginning of the {}.",
    "gt": "{} after this moment, excluding it.",
    "gte": "{} at this moment or after it.",
    "lt": "{} before this moment, excluding it.",
    "lte": "{} at this moment or before it.",
    "range": "{} between the two.",
}
_CLEARS: Final = re.compile(r"`None` clears(?: \(inferred\))?\. ?")
_EVIDENCE_NOTES: Final = {
    "documented": "",
    "named": "only named in the vendor's pages",
    "legacy": "not in the vendor's pages, seen in old clients only",
}


def first_line(thing: object) -> str:
    """Return the summary of a docstring, without Markdown."""
    return _plain((inspect.getdoc(thing) or "").partition("\n\n")[0])


@cache
def field_help(kind: type[object]) -> dict[str, str]:
    """Return the docstring below each field, read from the source because Python does not keep them."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__[:-1]):
        try:
            body = ast.parse(dedent(inspect.getsource(each))).body[0]
        except (OSError, TypeError, SyntaxError):  # without the source, the help is shorter
            continue
        if isinstance(body, ast.ClassDef):
            found.update(_below_fields(body.body))
    return found


def filter_help(name: str) -> str:
    """Describe a filter by its operator."""
    field, _, operator = name.partition("__")
    if not operator:
        return f"Exactly this {field.replace('_', ' ')}."
    words = _OPERATORS.get(operator, f"{{}}: {operator}.").format(field.replace("_", " "))
    return words[:1].upper() + words[1:]


def evidence_note(proof: Evidence) -> str:
    """Return the strength of the evidence for a verb; empty if the vendor documents it."""
    return _EVIDENCE_NOTES[proof.evidence]


def _below_fields(body: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for above, below in pairwise(body):
        match above, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = _plain(inspect.cleandoc(text).partition("\n\n")[0])
            case _:
                pass
    return found


def _plain(text: str) -> str:
    text = _CLEARS.sub("", " ".join(text.split()))  # in a shell, `--clear` does this
    return text.replace("`", "").replace("…", "...").strip()


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
