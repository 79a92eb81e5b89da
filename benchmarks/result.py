"""What a measurement gives back: one row of the table, one object of the JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from attrs import field, frozen

RowStatus = Literal["stretch", "must", "MISS", "info", "absent"]


@frozen(kw_only=True)
class Result:
    """One metric against one baseline.

    Give either `ratio`, `low` and `high` (`intervals.median_interval` makes them from the ratios of the
    rounds), or `note` alone when the baseline is not installed on this machine: such a row is shown
    and fails nothing. An absolute figure (MiB, milliseconds) goes into the same fields; `unit` says so.
    """

    name: str
    """What is measured, e.g. "whole flow, c=32"."""
    baseline: str
    """What it is measured against, e.g. "naive+md5"."""
    ratio: float | None = None
    """The median over the rounds."""
    low: float | None = None
    """Lower end of the 95 % interval of that median."""
    high: float | None = None
    """Upper end of the 95 % interval of that median."""
    must: float | None = None
    """The bound that may not be missed; None: a figure without a bound."""
    stretch: float | None = None
    """The aim."""
    higher_is_better: bool = True
    """False for costs: bytes, milliseconds, system calls."""
    unit: str = "x"
    """What `ratio` is in: "x" for a ratio, else e.g. "MiB" or "ms"."""
    figures: dict[str, float] = field(factory=dict[str, float])
    """What the row was computed from, by name with its unit, e.g. {"ours files/s": 2310.0}."""
    note: str = ""
    """One sentence for people: what was reduced, or why there is no ratio."""
    row: str = ""
    """The row of the target table this answers, e.g. "1b"."""

    @property
    def status(self) -> RowStatus:
        """How the row stands: a bound is missed only when the whole interval is on its wrong side."""
        if self.ratio is None:
            return "absent"
        if self.must is None:
            return "info"
        best = self.high if self.higher_is_better else self.low
        if not self._reaches(self.must, self.ratio if best is None else best):
            return "MISS"
        if self.stretch is not None and self._reaches(self.stretch, self.ratio):
            return "stretch"
        return "must"

    def _reaches(self, bound: float, value: float) -> bool:
        return value >= bound if self.higher_is_better else value <= bound


Measure = Callable[[int, bool], list[Result]]
"""`measure(rounds, quick)`: every measurement module has one; `quick` asks for less work, the same rows."""
