"""Numbers of a worker, in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Final

from attrs import define, field

BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper bounds of the durations, in seconds."""
_PREFIX: Final = "coredata_worker"


@define(eq=False)
class Metrics:
    """Counters of one worker process."""

    outcomes: Counter[str] = field(factory=Counter[str])
    """Messages by outcome: uploaded, busy, unknown, failed, invalid, damaged (its record)."""
    answers: Counter[str] = field(factory=Counter[str])
    """Answers to the broker: ack, nack, dead."""
    recovered: Counter[str] = field(factory=Counter[str])
    """Records that were finished at the start, by outcome; those that cannot be read are `damaged`."""
    uploaded_bytes: int = 0
    in_flight: int = 0
    """Messages that are handled now."""
    _buckets: list[int] = field(factory=lambda: [0] * (len(BUCKETS) + 1), init=False)
    _seconds: float = field(default=0.0, init=False)

    @contextmanager
    def message(self) -> Generator[None]:
        """Count a message as in flight, and note how long it took."""
        began = monotonic()
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self._observe(monotonic() - began)

    def render(self) -> str:
        """Write all numbers, one per line."""
        return "".join(f"{line}\n" for line in self._lines())

    def _observe(self, seconds: float) -> None:
        number = next((index for index, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        self._buckets[number] += 1
        self._seconds += seconds

    def _lines(self) -> Iterator[str]:
        yield from _counter("messages_total", "Messages by outcome.", "outcome", self.outcomes)
        yield from _counter("answers_total", "Answers to the broker.", "answer", self.answers)
        yield from _counter("recovered_total", "Records finished at the start.", "outcome", self.recovered)
        yield from _head("uploaded_bytes_total", "Bytes of uploaded files.", "counter")
        yield f"{_PREFIX}_uploaded_bytes_total {self.uploaded_bytes}"
        yield from _head("in_flight", "Messages that are handled now.", "gauge")
        yield f"{_PREFIX}_in_flight {self.in_flight}"
        yield from _head("message_seconds", "Seconds per message.", "histogram")
        count = 0
        for bound, number in zip((*map(str, BUCKETS), "+Inf"), self._buckets, strict=True):
            count += number
            yield f'{_PREFIX}_message_seconds_bucket{{le="{bound}"}} {count}'
        yield f"{_PREFIX}_message_seconds_sum {self._seconds:.6f}"
        yield f"{_PREFIX}_message_seconds_count {count}"


def _counter(name: str, text: str, label: str, numbers: Mapping[str, int]) -> Iterator[str]:
    yield from _head(name, text, "counter")
    for value, number in sorted(numbers.items()):
        yield f'{_PREFIX}_{name}{{{label}="{value}"}} {number}'


def _head(name: str, text: str, kind: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {text}"
    yield f"# TYPE {_PREFIX}_{name} {kind}"
