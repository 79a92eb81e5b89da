"""Ten million files on paper: the requirements of each resource, by formulae that a reader can repeat.

No I/O.

Each line is linear in the number of files, because each cost was measured per file; the bottleneck is the
line that takes longest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import evolve, frozen

MILLION: Final = 1_000_000
DAY: Final = 86_400
CORES: Final = 4
"""Cores of a machine of a fleet, and processes of its worker."""
MACHINES: Final = (1, 20, 200)
RATES: Final = (50.0, 1_000.0, 10_000.0)


@frozen(kw_only=True)
class Costs:
    """Measured costs, per file unless stated otherwise; the defaults of the server are assumptions."""

    client_us: float
    """CPU of the three steps, in the process that performs them."""
    job_us: float
    """CPU of plan, journal and confirmation, in the one process of the job, whatever the number of workers.
    """
    journal_bytes: float
    resume_us: float
    """CPU to find out that a finished file is still finished."""
    planned_mib_per_million: float = 0.0
    """Growth of the resident set with the number of planned files."""
    concurrency: int = 64
    """Files in flight, in each process."""
    answer_s: float = 0.02
    """Response time of the service and its storage."""
    api_rate: float = 50.0
    """Requests that the service takes per second from one tenant; an assumption."""
    page: int = 200
    """Objects on a page of the listing that proves that files exist."""
    bytes_per_file: float = 21_900.0
    line_bytes_s: float = 125e6
    """Bandwidth of 1 Gbit/s."""


@frozen
class Line:
    """Time of one resource."""

    what: str
    formula: str
    seconds: float


def times(costs: Costs, files: int, processes: int) -> Sequence[Line]:
    """Return seconds by resource, as if it were the only one, the slowest first.

    They run in parallel, so the whole takes about as long as the first, and at most their sum.
    """
    found = (
        Line("the service's rate", "2 n / r", 2 * files / costs.api_rate),
        Line(
            "waiting for answers",
            "3 n · t / (workers · p)",
            3 * files * costs.answer_s / (costs.concurrency * processes),
        ),
        Line("CPU of the uploads", "n · client / p", files * costs.client_us * 1e-6 / processes),
        Line("CPU of the job", "n · job", files * costs.job_us * 1e-6),
        Line("the line", "n · bytes / line", files * costs.bytes_per_file / costs.line_bytes_s),
        Line("listing for proof", "n / page · t", files / costs.page * costs.answer_s),
    )
    return sorted(found, key=lambda line: -line.seconds)


def fleet_times(costs: Costs, files: int, machines: int, cores: int = CORES) -> Sequence[Line]:
    """Return seconds by resource for a job on many machines, the slowest first.

    Each process of a worker has a core, and carries out whole shards: it does the work of the uploads and of
    the job for its files.
    """
    processes = machines * cores
    found = (
        Line("the service's rate", "2 n / r", 2 * files / costs.api_rate),
        Line(
            "CPU",
            "n · (client + job) / (cores · machines)",
            files * (costs.client_us + costs.job_us) * 1e-6 / processes,
        ),
        Line(
            "waiting for answers",
            "3 n · t / (workers · cores · machines)",
            3 * files * costs.answer_s / (costs.concurrency * processes),
        ),
        Line(
            "the lines",
            "n · bytes / (line · machines)",
            files * costs.bytes_per_file / costs.line_bytes_s / machines,
        ),
    )
    return sorted(found, key=lambda line: -line.seconds)


def fleet_table(
    costs: Costs, files: int, machines: Sequence[int] = MACHINES, rates: Sequence[float] = RATES
) -> Iterator[str]:
    """Yield a table of durations by number of machines and by rate of the service, with what limits each."""
    yield "| machines | " + " | ".join(f"r = {rate:,.0f}/s" for rate in rates) + " | without a limit |"
    yield "|---|" + "---|" * (len(rates) + 1)
    for number in machines:
        cells: list[str] = []
        for rate in (*rates, float("inf")):
            slowest = fleet_times(evolve(costs, api_rate=rate), files, number)[0]
            limited = "" if slowest.formula == "2 n / r" or rate == float("inf") else f" ({slowest.what})"
            cells.append(f"{duration(slowest.seconds)}{limited}")
        yield f"| {number:,} | {' | '.join(cells)} |"


def resume_seconds(costs: Costs, files: int) -> float:
    """Return the seconds that a job of finished files needs to find that out."""
    return files * costs.resume_us * 1e-6


def journal_gb(costs: Costs, files: int) -> float:
    """Return the size on the disk."""
    return files * costs.journal_bytes / 1e9


def memory_mib(costs: Costs, files: int) -> float:
    """Return the memory beyond that of an empty job."""
    return files / MILLION * costs.planned_mib_per_million


def markdown(costs: Costs, files: int, processes: Sequence[int]) -> Iterator[str]:
    """Yield the table, and the bottleneck."""
    yield (
        f"Measured: client {costs.client_us:,.0f} us and job {costs.job_us:,.0f} us of CPU per file, journal "
        f"{costs.journal_bytes:,.0f} bytes per file, resuming {costs.resume_us:,.1f} us per file. "
        f"Assumed: an answer takes t = {costs.answer_s * 1e3:g} ms, the service takes r = {costs.api_rate:g} "
        f"requests a second, {costs.bytes_per_file / 1e3:g} KB per file, "
        f"a line of {costs.line_bytes_s / 1e6:g} MB/s, "
        f"pages of {costs.page}, {costs.concurrency} workers in each process."
    )
    yield ""
    by_process = {number: {line.what: line for line in times(costs, files, number)} for number in processes}
    first = times(costs, files, processes[0])
    yield "| resource | formula | " + " | ".join(f"p = {number}" for number in processes) + " |"
    yield "|---|---|" + "---|" * len(processes)
    for line in first:
        cells = (duration(by_process[number][line.what].seconds) for number in processes)
        yield f"| {line.what} | `{line.formula}` | {' | '.join(cells)} |"
    yield ""
    for number in processes:
        slowest, second = times(costs, files, number)[:2]
        yield (
            f"* p = {number}: **{slowest.what}** gives out first ({duration(slowest.seconds)}); "
            f"without it, {second.what} ({duration(second.seconds)})."
        )
    yield from (
        "",
        f"The journal takes {journal_gb(costs, files):.2f} GB (`n · journal bytes`), finding all done "
        f"takes {duration(resume_seconds(costs, files))} (`n · resume`). Were the little growth of memory "
        f"between the two numbers of planned files linear, it would be {memory_mib(costs, files):,.0f} MiB.",
    )


def duration(seconds: float) -> str:
    """Format a duration for people."""
    for unit, length in (("d", DAY), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"
