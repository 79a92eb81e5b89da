"""Workers and coordinators of a cluster killed and frozen at every durable write, POST and PUT.

    python -m benchmarks.cluster_crash
    python -m benchmarks.cluster_crash --only register --every 3

A small job is run undisturbed first, and its durable events are counted: messages to the nats-server that
change something, and requests to the service and its storage. Then, for each event, a process is killed
(SIGKILL) before it, after it was sent, and after it was answered, and frozen (SIGSTOP): until another worker
has taken over, and for less than its lease. Another worker finishes the job. Then each file on the disk is
looked for among the Files, by path and MD5, and the report is compared with that. Exits with 1 if a File is
missing, duplicated or unresolved, or a folder is duplicated, or the report says something else.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the harness belongs to the tests

from tests.cluster.crash.campaign import campaign
from tests.cluster.crash.scene import Outcome
from tests.cluster.servers import ClusterServer

FIGURES = ("runs", "reached", "moved", "missing", "duplicate", "folders", "unresolved", "wrong")


def kind_of(outcome: Outcome) -> str:
    """Return the row of an outcome."""
    point = outcome.case.point
    assert point is not None
    return f"{'coordinator: ' if outcome.case.coordinator else ''}{point.kind}"


def count(outcome: Outcome) -> Counter[str]:
    """Return the figures of one run."""
    return Counter(
        runs=1,
        reached=int(outcome.reached),
        moved=int(outcome.moved > 0),
        missing=outcome.missing,
        duplicate=outcome.duplicate,
        folders=outcome.folders,
        unresolved=outcome.unresolved,
        wrong=int(bool(outcome.wrong)),
    )


async def run(options: argparse.Namespace, where: Path) -> bool:
    """Run the campaign, print its table, and return whether all is as it must be."""
    began = time.monotonic()
    server = ClusterServer(where / "server")
    server.start()
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    actions: defaultdict[str, Counter[str]] = defaultdict(Counter)
    clean, done = True, 0
    try:
        async with campaign(server, where, width=options.at_once, keep=options.keep) as cases_of:
            cases = [
                case
                for case in await cases_of.enumerate()
                if case.point is not None and options.only in case.point.kind
            ][:: options.every]
            sys.stderr.write(f"{len(cases)} runs\n")
            async with aclosing(cases_of.run_all(cases)) as outcomes:
                async for outcome in outcomes:
                    done += 1
                    if not done % 50:
                        sys.stderr.write(f"{done} runs are done\n")
                    kinds[kind_of(outcome)] += count(outcome)
                    actions[outcome.case.action] += count(outcome)
                    clean &= outcome.clean
                    if not outcome.clean:
                        sys.stderr.write(f"{outcome}\n")
    finally:
        server.kill()
    for title, rows in (("what happens", actions), ("at", kinds)):
        print(f"{title:34} " + " ".join(f"{name:>10}" for name in FIGURES))
        for name, figures in sorted(rows.items()):
            _print(name, figures)
    _print("all", sum(actions.values(), Counter()))
    print(f"{time.monotonic() - began:.0f} s")
    return clean


def _print(name: str, figures: Counter[str]) -> None:
    print(f"{name:34} " + " ".join(f"{figures[each]:10}" for each in FIGURES), flush=True)


def main() -> int:
    """Run it, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="kinds of events that contain this")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="run only every n-th case")
    parser.add_argument("--at-once", type=int, default=10, help="simultaneous runs")
    parser.add_argument("--keep", type=Path, help="directory for the logs of runs that went wrong")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coredata-cluster-crash-") as where:
        return int(not asyncio.run(run(options, Path(where))))


if __name__ == "__main__":
    raise SystemExit(main())
