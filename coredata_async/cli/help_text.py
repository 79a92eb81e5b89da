"""Help texts: of groups, of verbs and fields from their docstrings, and the evidence for a verb."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

import click

from coredata_async.fields import docstrings
from coredata_async.wire.resource import EvidenceLevel

_OPERATORS: Final = {
    "startswith": "Beginning of the {}.",
    "gt": "{} after this moment, excluding it.",
    "gte": "{} at this moment or after it.",
    "lt": "{} before this moment, excluding it.",
    "lte": "{} at this moment or before it.",
    "range": "{} between the two.",
}
_BOUNDS: Final = {
    "_from": "{} at this time or after it.",
    "_before": "{} before this time.",
    "_less_than": "{} less than this.",
    "_more_than": "{} more than this.",
}
_CLEARS: Final = re.compile(r"`None` clears(?: \(inferred\))?\. ?")
_FLAG: Final = re.compile(r"True to (\w)(.*)", re.DOTALL)
_ARGUMENT: Final = re.compile(r"^    (\w+): (.+)$", re.MULTILINE)
_EVIDENCE_NOTES: Final[Mapping[EvidenceLevel, str]] = {
    "documented": "",
    "named": "only named in the vendor's pages",
    "legacy": "not in the vendor's pages, seen in old clients only",
}


def first_line(thing: object) -> str:
    """Return the summary of a docstring, without Markdown."""
    return _plain((inspect.getdoc(thing) or "").partition("\n\n")[0])


def field_help(kind: type[object]) -> dict[str, str]:
    """Return the first paragraph of the docstring of each field."""
    return {name: _plain(text.partition("\n\n")[0]) for name, text in docstrings(kind).items()}


def filter_help(name: str) -> str:
    """Describe a filter of CoreData by its operator."""
    field, _, operator = name.partition("__")
    if not operator:
        return f"Exactly this {_words(field)}."
    return _sentence(_OPERATORS.get(operator, f"{{}}: {operator}."), field)


def name_help(name: str) -> str:
    """Describe a field without a docstring by its name; bounds are those of 5pm's filters."""
    for end, words in _BOUNDS.items():
        if name.endswith(end):
            return _sentence(words, name.removesuffix(end))
    if name.endswith("_id"):
        return _sentence("Id of the {}.", name.removesuffix("_id"))
    return _sentence("{}.", name)


def argument_help(function: object) -> dict[str, str]:
    """Return the description of each argument in a docstring, if it has one line."""
    text = (inspect.getdoc(function) or "").partition("\nArgs:\n")[2].partition("\n\n")[0]
    return {name: _plain(words) for name, words in _ARGUMENT.findall(text)}


def evidence_note(level: EvidenceLevel) -> str:
    """Return the strength of the evidence for a verb; empty if the vendor documents it."""
    return _EVIDENCE_NOTES[level]


def _sentence(words: str, name: str) -> str:
    text = words.format(_words(name))
    return text[:1].upper() + text[1:]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(text: str) -> str:
    text = _CLEARS.sub("", " ".join(text.split()))  # in a shell, `--clear` does this
    text = text.replace("`", "").replace("…", "...").strip()
    found = _FLAG.fullmatch(text)  # an option without a value says what it does
    return f"{found[1].upper()}{found[2]}" if found else text


class Group(click.Group):
    """Group that wraps the summaries of its commands, where click truncates them.

    For a mistyped command it suggests others.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; suggest those that are spelt alike if it does not exist."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as exc:
            alike = get_close_matches(args[0], self.list_commands(ctx))
            if not alike:
                raise
            # A new error: that of newer clicks has suggestions of its own, of commands that were imported.
            trouble = f"{exc.message} Did you mean {' or '.join(map(repr, alike))}?"
        raise click.UsageError(trouble, ctx)

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
