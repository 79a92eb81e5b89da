"""Where words go: results to stdout, everything meant for people to stderr."""

from __future__ import annotations

from rich.console import Console

people = Console(stderr=True, highlight=False)
"""For people: progress, tables, complaints."""


def say(text: str) -> None:
    """One line for people, as it is."""
    people.print(printable(text), markup=False, soft_wrap=True)


def printable(text: str) -> str:
    """The text on one line, without what could move a cursor: titles and names come from a server."""
    return "".join(
        c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text
    )
