"""All measurements, in the order of the table: each is a module with `measure(rounds, quick)`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutinefunction
from typing import Final

from attrs import frozen

from benchmarks.result import Measure, Result


@frozen
class Measurement:
    """One measurement."""

    name: str
    """Name for `--only`."""
    about: str
    """Description for `--list`, and the heading of its rows."""
    module: str

    def measure(self, rounds: int, *, quick: bool) -> list[Result]:
        """Import and run it; a missing module, or one without `measure`, is reported in its row."""
        if find_spec(self.module) is None:
            return [Result(name=self.name, baseline="", note=f"there is no {self.module}")]
        measure: Measure | None = getattr(import_module(self.module), "measure", None)
        if measure is None or iscoroutinefunction(measure):
            return [Result(name=self.name, baseline="", note=f"{self.module} has no measure()")]
        return measure(rounds, quick)


MEASUREMENTS: Final[Sequence[Measurement]] = (
    Measurement("small", "small files, whole flow", "benchmarks.small_files"),
    Measurement("lean", "the two exchanges, at a stretch", "benchmarks.sustained"),
    Measurement("peers", "small files beside other libraries", "benchmarks.peers"),
    Measurement("put", "the PUT leg alone", "benchmarks.put_leg"),
    Measurement("syscalls", "system calls per small file", "benchmarks.syscalls"),
    Measurement("latency", "a server that takes 20 ms", "benchmarks.latency"),
    Measurement("large", "large files", "benchmarks.large_files"),
    Measurement("memory", "peak memory", "benchmarks.memory"),
    Measurement("listing", "listings", "benchmarks.listing"),
    Measurement("overhead", "one request", "benchmarks.overhead"),
    Measurement("tracing", "tracing of one request", "benchmarks.tracing"),
    Measurement("import", "import", "benchmarks.import_time"),
    Measurement("digests", "digests, whatever the chunks", "benchmarks.digests"),
    Measurement("lag", "the event loop meanwhile", "benchmarks.loop_lag"),
    Measurement("bulk", "a bulk job and its journal", "benchmarks.bulk_rows"),
    Measurement("records", "idempotency keys", "benchmarks.records"),
    Measurement("processes", "more than one core", "benchmarks.processes_rows"),
    Measurement("cluster", "a job on a cluster of one machine", "benchmarks.cluster"),
)


def choose(names: Sequence[str]) -> Sequence[Measurement]:
    """Return the measurements of these names, in the order of the table; all of them without names.

    Raises:
        ValueError: If a name is unknown.
    """
    known = {each.name for each in MEASUREMENTS}
    if strange := set(names) - known:
        raise ValueError(
            f"no such measurement: {', '.join(sorted(strange))}; there are {', '.join(sorted(known))}"
        )
    return [each for each in MEASUREMENTS if not names or each.name in names]
