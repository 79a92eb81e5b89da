"""Generated parts of `.docs/performance.md`: its tables, between markers. The text is kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.report import Report
from benchmarks.scale import Costs, fleet_table, markdown
from benchmarks.table import markdown as table

TEN_MILLION: Final = 10_000_000
FLEET_FILES: Final = 200_000_000
PROCESSES: Final = (1, 2, 8)


def rewrite(path: Path, report: Report) -> None:
    """Replace the old tables by those of this run.

    Raises:
        ValueError: If a marker is missing.
    """
    text = path.read_text()
    text = between(text, "run", (summary(report), "", *table(report.results)))
    if (costs := costs_of(report)) is not None:
        text = between(text, "scale", markdown(costs, TEN_MILLION, PROCESSES))
        text = between(text, "fleet", fleet_table(costs, FLEET_FILES))
    path.write_text(text)


def between(text: str, name: str, lines: Iterable[str]) -> str:
    """Return the text with other lines between `<!-- name -->` and `<!-- /name -->`.

    Raises:
        ValueError: If a marker is missing.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"there is no {begin} … {end} in the page")
    return "\n".join((before + begin, "", *lines, "", end + after))


def summary(report: Report) -> str:
    """Return the machine and the options of the run."""
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    kind = "a quick run" if report.quick else "a run"
    missed = sum(each.status == "MISS" for each in report.results)
    words = "no bound was missed" if not missed else f"{missed} bounds were missed"
    return f"From {kind} of {report.rounds} rounds, {report.seconds / 60:.0f} minutes ({machine}): {words}."


def costs_of(report: Report) -> Costs | None:
    """Return the input of the page on scale; None if the run did not measure it."""
    names = ("ours c=32 CPU us", "upload_many CPU us/file", "job CPU us/file")
    client, bare, job = (report.figure(name) for name in names)
    journal, resume = report.figure("journal bytes/file"), report.figure("resume us/file")
    if client is None or bare is None or job is None or journal is None or resume is None:
        return None
    return Costs(
        client_us=client,
        job_us=max(0.0, job - bare),
        journal_bytes=journal,
        resume_us=resume,
        planned_mib_per_million=report.figure("planned growth MiB/million") or 0.0,
    )
