"""Metrics of an event-driven worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from attrs import define, field

from coredata_async.prometheus import Histogram, write_gauge, write_total

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
    _durations: Histogram = field(factory=Histogram, init=False)

    @contextmanager
    def message(self) -> Generator[None]:
        """Count a message as in flight, and record its duration."""
        began = monotonic()
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self._durations.observe(monotonic() - began)

    def render(self) -> str:
        """Return all metrics, one per line."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        name = f"{_PREFIX}_messages_total"
        yield from write_total(name, "Messages by outcome.", self.outcomes, label="outcome")
        name = f"{_PREFIX}_answers_total"
        yield from write_total(name, "Answers to the broker.", self.answers, label="answer")
        name = f"{_PREFIX}_recovered_total"
        yield from write_total(name, "Records finished at the start.", self.recovered, label="outcome")
        name = f"{_PREFIX}_uploaded_bytes_total"
        yield from write_total(name, "Bytes of uploaded files.", self.uploaded_bytes)
        yield from write_gauge(f"{_PREFIX}_in_flight", "Messages that are handled now.", self.in_flight)
        yield from self._durations.write(f"{_PREFIX}_message_seconds", "Seconds per message.")
