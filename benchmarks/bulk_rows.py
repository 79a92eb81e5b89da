"""Rows of a bulk job: beside `upload_many`, its journal, and its cost for many files.

The parts run through `benchmarks.bulk` and `benchmarks.journal`, in processes of their own.
"""

from __future__ import annotations

import statistics
from typing import Any, Final

from benchmarks.apart import run_part
from benchmarks.bulk import Found, apart
from benchmarks.intervals import median_interval, ratios
from benchmarks.memory import MIB
from benchmarks.result import Result

FILES: Final = 1500
"""Files of one round."""
ROW: Final = "64 workers, idle loop"
"""Row of the journal's own benchmark that is used: an idle loop, because a busy one adds noise."""


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Measure the cost of the job per file, in CPU, time to resume, disk and memory."""
    planned = 20_000 if quick else 50_000
    both, costs = _rounds(2 if quick else rounds, planned)
    numbers = (1000, 20_000) if quick else (20_000, 200_000)
    few, many = (apart("planned", "--planned", each, "--seconds", 5) for each in numbers)
    again = apart("resumed", "--planned", planned)
    return [_job(both), _journal(both, costs), _resuming(again), _growth(few, many)]


def _rounds(count: int, planned: int) -> tuple[list[Found], list[dict[str, float]]]:
    """Run a job beside `upload_many`, and its journal beside the job, round by round, in the same minute."""
    both: list[Found] = []
    costs: list[dict[str, float]] = []
    for _ in range(count):
        both.append(apart("beside", "--files", FILES, "--rounds", 1))
        costs.append(_journal_costs(planned))
    return both, costs


def _job(both: list[Found]) -> Result:
    figures = {
        "upload_many CPU us/file": "upload_many_cpu_us_per_file",
        "job CPU us/file": "job_cpu_us_per_file",
        "upload_many, files per second": "upload_many_files_per_second",
        "job, files per second": "job_files_per_second",
    }
    found = [each["ratio"] for each in both]
    return Result(
        name="bulk job, small files, c=32",
        baseline="upload_many",
        ratio=statistics.median(found),
        low=min(found),
        high=max(found),
        figures={name: statistics.median(each[key] for each in both) for name, key in figures.items()},
        note="the interval is min-max; a job also plans, writes its journal, finds its pace and confirms",
    )


def _journal(both: list[Found], costs: list[dict[str, float]]) -> Result:
    """Return the journal's writes, the plan and the scan, as a share of the CPU per file of a job."""
    jobs = [each["job_cpu_us_per_file"] for each in both]
    share = median_interval(ratios([sum(each.values()) for each in costs], jobs))
    return Result(
        name="journal, plan and scan of a small file",
        baseline="CPU of a job",
        ratio=share.median,
        low=share.low,
        high=share.high,
        must=0.08,
        higher_is_better=False,
        figures={
            f"{name} us/file": round(statistics.median(each[name] for each in costs), 1) for name in costs[0]
        },
    )


def _journal_costs(planned: int) -> dict[str, float]:
    """Return microseconds of CPU per file."""
    options = ("--json", "--files", 1000, "--planned", planned, "--only", ROW)
    found: dict[str, Any] = run_part("benchmarks.journal", *options, timeout=300)
    return {
        "writes": float(found["per_file_microseconds"][ROW]["cpu"]),
        "plan": float(found["planned"]["plan_seconds"]) / planned * 1e6,
        "scan": float(found["planned"]["scan_seconds"]) / planned * 1e6,
    }


def _resuming(again: Found) -> Result:
    files = again["files"]
    figures = {
        "resume us/file": round(again["seconds"] / files * 1e6, 1),
        "journal bytes/file": round(again["journal_mib"] * MIB / files, 1),
        "resume growth MiB": again["growth_mib"],
    }
    return Result(
        name=f"resuming a job of {files:,.0f} done files",
        baseline="",
        ratio=again["seconds"],
        higher_is_better=False,
        unit="s",
        figures=figures,
    )


def _growth(few: Found, many: Found) -> Result:
    """Return the growth per further file, from two numbers of files, because any job has most of it."""
    files, growth = many["planned"], many["growth_mib"]
    more = max(0.0, growth - few["growth_mib"]) / (files - few["planned"])
    return Result(
        name=f"RSS growth, {files:,.0f} files planned",
        baseline="before the job",
        ratio=growth,
        must=48,
        stretch=24,
        higher_is_better=False,
        unit="MiB",
        figures={
            f"growth MiB with {few['planned']:,.0f} planned": few["growth_mib"],
            "planned growth MiB/million": round(more * 1e6, 1),
        },
    )
