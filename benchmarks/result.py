"""Result of a measurement: one row of the table, one object of the JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from attrs import field, frozen

RowStatus = Literal["stretch", "must", "MISS", "info", "absent"]


@frozen(kw_only=True)
class Result:
    """One metric against one baseline.

    Give either `ratio`, `low` and `high` (`intervals.median_interval` computes them from the ratios of the
    rounds), or `note` alone if the baseline is not installed on this machine: such a row is shown
    and never fails. An absolute figure (MiB, milliseconds) goes into the same fields, with its `unit`.
    """

    name: str
    """Name of the metric, e.g. "whole flow, c=32"."""
    baseline: str
    """Name of the baseline, e.g. "naive+md5"."""
    ratio: float | None = None
    """Median over the rounds."""
    low: float | None = None
    """Lower end of the 95 % interval of that median."""
    high: float | None = None
    """Upper end of the 95 % interval of that median."""
    must: float | None = None
    """Bound that must not be missed; None: a figure for information only."""
    stretch: float | None = None
    """Aim."""
    higher_is_better: bool = True
    """False for costs: bytes, milliseconds, system calls."""
    unit: str = "x"
    """Unit of `ratio`: "x" for a ratio, else e.g. "MiB" or "ms"."""
    figures: dict[str, float] = field(factory=dict[str, float])
    """Figures from which the row was computed, by name with its unit, e.g. {"ours files/s": 2310.0}."""
    note: str = ""
    """One sentence for people: a reduction of the work, or the reason for a missing ratio."""
    row: str = ""
    """Row of the target table, e.g. "1b"."""

    @property
    def status(self) -> RowStatus:
        """Result of the row: a bound is missed only if the whole interval is on its wrong side."""
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
