"""Text, tables and lists of facts as HTML, in which nothing that comes from elsewhere is markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from attrs import frozen

from coredata_async.bulk.formatting import escape_unprintable

ROWS: Final = 1000
"""How many rows of a table are shown."""
_OPEN: Final = 20
"""Tables of at most so many rows are open at first."""
_NUMBERS: Final = frozenset({"Size", "Files"})


@frozen
class Table:
    """A table that folds."""

    title: str
    description: str
    total: int
    """How many rows there would be, if all had been kept."""
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    """Their cells are markup already."""

    def markup(self) -> Iterator[str]:
        """The table, with what it is about, and how much of it is not shown."""
        opened = " open" if len(self.rows) <= _OPEN else ""
        yield f"<details{opened}><summary><strong>{text(self.title)}</strong> ({self.total:,})</summary>"
        yield f"<p>{text(self.description)}</p>"
        yield from plain_table(self.heads, self.rows[:ROWS])
        rest = self.total - min(len(self.rows), ROWS)
        if rest > 0:
            yield f'<p class="soft">… and {rest:,} more.</p>'
        yield "</details>\n"


def plain_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows of cells that are markup already."""
    looks = [' class="number"' if head in _NUMBERS else "" for head in heads]
    yield "<table><thead>" + _row("th", looks, heads) + "</thead><tbody>"
    for row in rows:
        yield _row("td", looks, row)
    yield "</tbody></table>"


def facts(title: str, found: Mapping[str, str]) -> Iterator[str]:
    """Names and texts, one below the other; nothing if there are none."""
    if not found:
        return
    yield f'<section><h2>{text(title)}</h2><dl class="facts">'
    for name, value in found.items():
        yield f"<dt>{text(name)}</dt><dd>{text(value)}</dd>"
    yield "</dl></section>\n"


def text(words: str) -> str:
    """Text as it may stand in markup, all of it to be seen."""
    return escape(escape_unprintable(words))


def path(words: str) -> str:
    """The name of a file or blob. Letters that run from right to left do not turn round what follows."""
    return f"<bdi><code>{text(words)}</code></bdi>" if words else ""


def moment(seconds: float) -> str:
    """A point in time."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _row(tag: str, looks: Sequence[str], cells: Sequence[str]) -> str:
    inside = "".join(f"<{tag}{look}>{cell}</{tag}>" for cell, look in zip(cells, looks, strict=True))
    return f"<tr>{inside}</tr>"
