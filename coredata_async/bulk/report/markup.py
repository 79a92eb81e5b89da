"""Text, tables and lists of facts as HTML. External text is always escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from attrs import frozen

from coredata_async.bulk.formatting import escape_unprintable

ROWS: Final = 1000
"""Maximum number of rows of a table."""
_OPEN: Final = 20
"""Maximum number of rows of a table that is initially open."""
_NUMBERS: Final = frozenset({"Size", "Files"})


@frozen
class Table:
    """Table that can be folded."""

    title: str
    description: str
    total: int
    """Number of rows if all had been kept."""
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    """Rows whose cells are HTML already."""

    def markup(self) -> Iterator[str]:
        """Yield the table, with its description and the number of rows that are not shown."""
        opened = " open" if len(self.rows) <= _OPEN else ""
        yield f"<details{opened}><summary><strong>{text(self.title)}</strong> ({self.total:,})</summary>"
        yield f"<p>{text(self.description)}</p>"
        yield from plain_table(self.heads, self.rows[:ROWS])
        rest = self.total - min(len(self.rows), ROWS)
        if rest > 0:
            yield f'<p class="soft">… and {rest:,} more.</p>'
        yield "</details>\n"


def plain_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table whose cells are HTML already."""
    classes = [' class="number"' if head in _NUMBERS else "" for head in heads]
    yield "<table><thead>" + _row("th", classes, heads) + "</thead><tbody>"
    for row in rows:
        yield _row("td", classes, row)
    yield "</tbody></table>"


def facts(title: str, values: Mapping[str, str]) -> Iterator[str]:
    """Yield names and texts, one below the other; nothing if the mapping is empty."""
    if not values:
        return
    yield f'<section><h2>{text(title)}</h2><dl class="facts">'
    for name, value in values.items():
        yield f"<dt>{text(name)}</dt><dd>{text(value)}</dd>"
    yield "</dl></section>\n"


def text(value: str) -> str:
    """Return text as HTML, with unprintable characters made visible."""
    return escape(escape_unprintable(value))


def path(value: str) -> str:
    """Return the name of a file or blob as HTML. Right-to-left letters do not affect the text after it."""
    return f"<bdi><code>{text(value)}</code></bdi>" if value else ""


def moment(seconds: float) -> str:
    """Return a point in time as text."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _row(tag: str, classes: Sequence[str], cells: Sequence[str]) -> str:
    inside = "".join(f"<{tag}{css}>{cell}</{tag}>" for cell, css in zip(cells, classes, strict=True))
    return f"<tr>{inside}</tr>"
