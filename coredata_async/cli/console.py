"""Where words go: results to stdout, everything meant for people to stderr."""

from __future__ import annotations

from rich.console import Console

people = Console(stderr=True, highlight=False)
"""For people: progress, tables, complaints."""


def say(text: str) -> None:
    """One line for people, as it is."""
    people.print(text, markup=False, soft_wrap=True)
