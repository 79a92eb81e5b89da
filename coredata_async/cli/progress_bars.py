"""Progress of a job on a terminal: bars, and details below them."""

from __future__ import annotations

from contextlib import AbstractContextManager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from coredata_async.bulk.events import Progress
from coredata_async.bulk.formatting import format_bytes
from coredata_async.cli.job_output import rates, state
from coredata_async.cli.output import people, printable


class ProgressBars:
    """Progress display with bars, and details in the lines below them."""

    def __init__(self, console: Console = people) -> None:
        self._bars = Bars(
            TextColumn("{task.description:<6}"),
            BarColumn(table_column=Column(ratio=1)),
            TextColumn("{task.fields[words]}", markup=False, justify="right"),
            console=console,
            expand=True,
        )
        self._files = self._bars.add_task("files", total=None, words="")
        self._bytes = self._bars.add_task("bytes", total=None, words="")
        self._below = Text(style="dim")
        self._live = Live(
            Group(self._bars, self._below),
            console=console,
            refresh_per_second=5,
            redirect_stdout=False,  # JSON lines are not redirected
        )

    def show(self, progress: Progress) -> None:
        """Update the bars."""
        more = "" if progress.scanned else "+"
        settled = progress.done + progress.skipped + progress.failed + progress.unresolved
        self._bars.update(
            self._files,
            completed=settled,
            total=progress.planned if progress.scanned else None,
            words=f"{settled:,} of {progress.planned:,}{more}",
        )
        self._bars.update(
            self._bytes,
            completed=progress.done_bytes,
            total=progress.planned_bytes if progress.scanned else None,
            words=f"{format_bytes(progress.done_bytes)} of {format_bytes(progress.planned_bytes)}{more}",
        )
        self._below.plain = printable(rates(progress)) + "\n" + printable(state(progress))

    def live(self) -> AbstractContextManager[object]:
        """Return the part of the screen that changes."""
        return self._live
