"""Results on stdout: tables for people, JSON lines for programs."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol, cast

import click
from attrs import define, field, frozen
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coredata_async.escapes import json_line
from coredata_async.fields import plain_object

WIDE: Final = 100_000
"""Width of output that does not go to a terminal: programs may read it, so nothing is cut."""
BLOCK: Final = 500
"""Rows per table, so that a long listing is neither delayed until its end nor kept in memory."""
LONG_WORD: Final = 30
"""Width of a column above which its words are folded on a narrow terminal: most names are shorter."""
GAP: Final = 2
"""Columns of the terminal between two columns of a table."""
IDS: Final = frozenset({"id", "username", "name", "parent", "snapshot_id", "blob_name"})
"""Columns that are never shortened, because a part of an id is useless."""


class Renderer(Protocol):
    """Interface that receives models one by one and shows them."""

    def add(self, model: object) -> None:
        """Receive a model."""
        ...

    def close(self) -> None:
        """Show the remaining models."""
        ...


@frozen
class Lines:
    """One JSON object per line; with `fields`, only these, by their dotted names."""

    fields: Sequence[str] = ()

    def add(self, model: object) -> None:
        """Print a model."""
        found = plain_object(model)
        echo_json({path: select(found, path) for path in self.fields} if self.fields else found)

    def close(self) -> None:
        """Do nothing: every model has been printed."""


@define
class Rows:
    """Table, printed in blocks."""

    fields: Sequence[str]
    _rows: list[list[object]] = field(factory=list[list[object]], init=False)
    _seen: set[str] = field(factory=set[str], init=False)
    _count: int = field(default=0, init=False)

    def add(self, model: object) -> None:
        """Receive a model, and print the block if it is full."""
        found = plain_object(model)
        row = [select(found, path) for path in self.fields]
        self._rows.append(row)
        self._seen |= {path for path in self.fields if _first_name(path) in found}
        self._count += 1
        if len(self._rows) >= BLOCK:
            self._flush()

    def close(self) -> None:
        """Print the remaining rows, and name the columns that are empty in every row."""
        if not self._count:
            say("the list is empty")
            return
        self._flush()
        for path in self.fields:
            if path not in self._seen:
                say(f"no object has a field {path!r}")

    def _flush(self) -> None:
        if not self._rows:
            return
        show_table(self.fields, self._rows)
        self._rows.clear()


def _first_name(path: str) -> str:
    return path.removeprefix("extra.").partition(".")[0]


@frozen
class Details:
    """Every non-empty field of one object, one below the other."""

    def add(self, model: object) -> None:
        """Print a model."""
        show_pairs(dict(flatten(plain_object(model))))

    def close(self) -> None:
        """Do nothing: every model has been printed."""


def select(found: object, path: str) -> object:
    """Return the value at a dotted path such as `space.title`; for a list, the values of its items."""
    path = path.removeprefix("extra.")  # undocumented fields are among the others
    name, _, rest = path.partition(".")
    if isinstance(found, list):
        items = cast("list[object]", found)
        return [select(each, path) for each in items]
    value = cast("dict[str, object]", found).get(name) if isinstance(found, dict) else None
    return select(value, rest) if rest else value


def flatten(found: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted paths and values of all non-empty fields."""
    for name, value in found.items():
        if isinstance(value, dict) and value:
            yield from flatten(cast("dict[str, object]", value), f"{above}{name}.")
        elif value not in (None, "", [], {}):
            yield f"{above}{name}", value


def sink(*, as_json: bool, fields: Sequence[str], otherwise: Renderer) -> Renderer:
    """Return the renderer that the options of a command select."""
    if as_json:
        return Lines(fields)
    return Rows(fields) if fields else otherwise


def show_pairs(pairs: Mapping[str, object]) -> None:
    """Print names and values, one below the other."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs.items():
        table.add_row(Text(printable(name)), Text(cell(value)))
    print_table(table)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows below the names of their columns; on a terminal that is too narrow for that, as pairs."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    least = 0
    for at, name in enumerate(columns):
        values = [row[at] for row in rows]
        texts = [name, *map(cell, values)]
        width = longest = max(map(cell_len, texts))
        if name.rpartition(".")[2] not in IDS:
            width = min(LONG_WORD, max(cell_len(word) for text in texts for word in text.split()))
        least += width + GAP
        table.add_column(
            name,
            no_wrap=width == longest,
            overflow="fold",  # on a narrow terminal
            min_width=width,
            justify="right" if all(isinstance(each, int) for each in values) else "left",
        )
    if sys.stdout.isatty() and least - GAP > Console().width:
        for row in rows:
            show_pairs(dict(zip(columns, row, strict=True)))
            click.echo()
        return
    for row in rows:
        table.add_row(*(Text(cell(each)) for each in row))
    print_table(table)


def echo_json(value: object) -> None:
    """Print a value as one line of JSON."""
    utf8 = codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8"
    click.echo(
        json_line(value, ascii_only=not utf8)
    )  # JSON is UTF-8 regardless of the locale; ASCII is valid in both


def cell(value: object) -> str:
    """Format a value as one line of text."""
    if value is None:
        return ""
    if isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):  # pyright: ignore[reportUnknownVariableType]
        return ", ".join(cell(each) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | dict | bool):
        return printable(json_line(value))  # pyright: ignore[reportUnknownArgumentType]
    return printable(str(value))


def print_table(table: Table) -> None:
    """Print a table on stdout: coloured and as wide as the terminal, or as plain text that is not cut."""
    if sys.stdout.isatty():
        Console(highlight=False).print(table)
        return
    console = Console(highlight=False, width=WIDE, color_system=None)
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


people = Console(stderr=True, highlight=False)
"""Console on stderr for people: progress, tables, warnings."""


def say(text: str) -> None:
    """Print a line for people, without markup."""
    people.print(printable(text), markup=False, soft_wrap=True)


def printable(text: str) -> str:
    """Return the text on one line, without control characters: titles and names come from a server."""
    return "".join(
        c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text
    )
