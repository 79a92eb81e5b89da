"""The text format of Prometheus: counters, gauges and histograms as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import define, field

DURATIONS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper bounds of durations, in seconds."""


def write_total(
    name: str, text: str, numbers: float | Mapping[str, float], *, label: str = ""
) -> Iterator[str]:
    """Yield the lines of a counter, whose name ends in `_total`; one line for each value of its label."""
    yield from _head(name, text, "counter")
    yield from _values(name, numbers, label)


def write_gauge(
    name: str, text: str, numbers: float | Mapping[str, float], *, label: str = ""
) -> Iterator[str]:
    """Yield the lines of a number that may fall; one line for each value of its label."""
    yield from _head(name, text, "gauge")
    yield from _values(name, numbers, label)


@define(eq=False)
class Histogram:
    """Counts of durations by upper bound."""

    bounds: tuple[float, ...] = DURATIONS
    _counts: list[int] = field(init=False)
    _seconds: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._counts = [0] * (len(self.bounds) + 1)

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        number = next(
            (index for index, bound in enumerate(self.bounds) if seconds <= bound), len(self.bounds)
        )
        self._counts[number] += 1
        self._seconds += seconds

    def write(self, name: str, text: str) -> Iterator[str]:
        """Yield its lines."""
        yield from _head(name, text, "histogram")
        count = 0
        for bound, number in zip((*map(str, self.bounds), "+Inf"), self._counts, strict=True):
            count += number
            yield f'{name}_bucket{{le="{bound}"}} {count}'
        yield f"{name}_sum {self._seconds:.6f}"
        yield f"{name}_count {count}"


def _values(name: str, numbers: float | Mapping[str, float], label: str) -> Iterator[str]:
    if not isinstance(numbers, Mapping):
        yield f"{name} {numbers}"
        return
    for value, number in sorted(numbers.items()):
        yield f'{name}{{{label}="{_escape(value)}"}} {number}'


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _head(name: str, text: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
