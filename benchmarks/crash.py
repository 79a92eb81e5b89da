"""Uploads killed by SIGKILL at every crash point, run again, and compared with the server's state.

    python -m benchmarks.crash --runs 200
    python -m benchmarks.crash --kills 500 --processes 2   # at random times, a server full of faults: `kills`

Each run is a job in a process of its own against a sandbox of its own: it is killed at the point, started
again with the same arguments, and then every local file is searched for among the Files. Exits with
1 if a File is missing or duplicated, or a folder is duplicated, or if the report does not report success.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from attrs import frozen

sys.path.insert(0, str(Path(__file__).parents[1]))  # the harness belongs to the tests

from benchmarks.kills import campaign
from coredata_async import Retry
from tests.bulk.crash.campaign import each_of, scenes
from tests.bulk.crash.points import ANY, Point
from tests.bulk.crash.scene import Scene, Victims
from tests.bulk.crash.trees import FILES, FOLDERS
from tests.bulk.crash.truth import files_below, files_there, folders_there

LATE = 0.3
PATIENT = Retry(base=0.01, cap=0.05, settle=0.9, probe_gap=0.2)
EVENTS = 195
"""Number of events in an uninterrupted run."""

Chance = random.Random


class Tally(NamedTuple):
    """Results of one run."""

    kills: int
    missing: int
    twice: int
    folders_twice: int
    reported_wrong: int
    """True if the report of the last run does not report success."""


@frozen
class Crash:
    """One kind of crash."""

    name: str
    points: Callable[[Chance], tuple[Point, ...]]
    before: Callable[[Scene, Chance], object] = lambda scene, chance: None
    """Action on the server before the run."""
    between: Callable[[Scene, Chance], object] = lambda scene, chance: None
    """Action on journal or sources after the crash."""


def at(event: str, last: int = FILES, *, flush: bool = False) -> Callable[[Chance], tuple[Point, ...]]:
    """Return a function that chooses the n-th occurrence of an event."""
    return lambda chance: (Point(event, chance.randint(1, last), flush),)


def any_events(count: int) -> Callable[[Chance], tuple[Point, ...]]:
    """Return a function that chooses any event of the run, and of those that resume it."""
    return lambda chance: tuple(Point(ANY, chance.randrange(1, EVENTS)) for _ in range(count))


def late(operation: str, last: int) -> Callable[[Scene, Chance], object]:
    """Let one request of a kind be carried out after its client has died."""
    return lambda scene, chance: scene.box.faults.commit_late(operation, LATE, after=chance.randrange(last))


def lag(scene: Scene, chance: Chance) -> None:
    """Let new Files be listed late."""
    scene.box.faults.listing_lag(seconds=chance.uniform(0, LATE))


def lose_journal(scene: Scene, _: Chance) -> None:
    for file in scene.folder.glob(f"{scene.journal.name}*"):
        file.unlink()


def change_a_file(scene: Scene, chance: Chance) -> None:
    path = chance.choice(sorted(path for path in scene.root.rglob("*") if path.is_file()))
    match chance.randrange(5):
        case 0:
            path.write_bytes(bytes(byte ^ 0xFF for byte in path.read_bytes()))
        case 1:
            path.write_bytes(path.read_bytes() + b"more")
        case 2:
            os.utime(path, (1, 1))
        case 3:
            path.rename(path.with_name("renamed.txt"))
        case _:
            path.unlink()


CRASHES = (
    Crash("C1 during the scan", at("scan.batch", 4)),
    Crash("C2 folder asked for, not sent", at("folders.create:before", FOLDERS)),
    Crash("C2 folder made, answer lost", at("folders.create:after", FOLDERS)),
    Crash("C2 folder made after the death", at("folders.create:lost", 1), late("folders.create", FOLDERS)),
    Crash("C3 reserved, nothing put", at("blobs.reserve:after")),
    Crash("C4 in the middle of a PUT", at("storage.put:middle", FILES - 1)),
    Crash("C5 put, not written down", at("commit:inside:STORED", 3)),
    Crash("C6 put and written down", at("write:REGISTERING:before", flush=True)),
    Crash("C7 intent on disk, not sent", at("files.register:before")),
    Crash("C8 registered after the death", at("files.register:lost", 1), late("files.register", FILES)),
    Crash("C9 registered, answer lost", at("files.register:after")),
    Crash("C9 the same, and lists lag", at("files.register:after"), lag),
    Crash("C10 answered, not written down", at("commit:inside:CONFIRMED", 2)),
    Crash("C11 confirmed, not seen in a list", at("files.get:before", 2, flush=True)),
    Crash("C12 any event, journal lost", any_events(1), between=lose_journal),
    Crash("C13 any event, source changed", any_events(1), between=change_a_file),
    Crash("any event", any_events(1)),
    Crash("any event, four times over", any_events(4)),
)


def run_crash(victims: Victims, where: Path, crash: Crash, seed: int) -> Tally:
    """Crash once, resume, and compare."""
    chance = Chance(f"{crash.name} {seed}")
    with scenes(victims, where) as scene:
        crash.before(scene, chance)
        before = _contents(scene)
        points = crash.points(chance)
        kills = sum(
            scene.run(point, retry=PATIENT, concurrency=chance.choice([1, 2, 3, 8])).report is None
            for point in points
        )
        crash.between(scene, chance)
        report = scene.resumed(retry=PATIENT)
        there = files_there(scene.box, scene.parent)
        known = before | _contents(scene)
        strange = [name for name, found in there.items() for digest in found if (name, digest) not in known]
        return Tally(
            kills,
            sum(digest not in there.get(name, ()) for name, digest in files_below(scene.root).items()),
            sum(len(found) - len(set(found)) for found in there.values()) + len(strange),
            sum(count - 1 for count in folders_there(scene.box, scene.parent).values()),
            int(
                report.exit_code != 0
                or not report.adds_up
                or report.counts.planned != len(files_below(scene.root))
            ),
        )


def _contents(scene: Scene) -> set[tuple[str, str]]:
    return set(files_below(scene.root).items())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20, help="of each crash point")
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0, help="of the first run; the next ones count on")
    parser.add_argument("--kills", type=int, help="SIGKILLs at random times, instead of crash points")
    parser.add_argument("--processes", type=int, default=1, help="worker processes of each job, with --kills")
    parser.add_argument("--keep", type=Path, help="directory for the journals of jobs that went wrong")
    options = parser.parse_args()
    if options.kills is not None:
        return _kill_at_random(options)
    began = time.monotonic()
    cases = [(crash, options.seed + n) for crash in CRASHES for n in range(options.runs)]
    with tempfile.TemporaryDirectory(prefix="coredata-crash-") as where:
        tallies = each_of(
            cases, lambda victims, case: run_crash(victims, Path(where), *case), options.at_once
        )
    sums = {crash.name: Counter[str]() for crash in CRASHES}
    for (crash, _), tally in zip(cases, tallies, strict=True):
        sums[crash.name].update(tally._asdict())
    print(f"{'crash point':34} {'SIGKILLs':>8} {'missing':>8} {'twice':>8} {'folders':>8} {'wrong':>8}")
    for name, total in sums.items():
        _print(name, total)
    everything = sum(sums.values(), Counter())
    _print("all", everything)
    print(f"{time.monotonic() - began:.0f} s")
    return int(any(everything[name] for name in Tally._fields[1:]))


def _kill_at_random(options: argparse.Namespace) -> int:
    began = time.monotonic()
    tally = campaign(options.kills, options.processes, options.seed, options.keep)
    print(*tally.problems, tally, f"{time.monotonic() - began:.0f} s", sep="\n")
    return int(not tally.clean)


def _print(name: str, total: Counter[str]) -> None:
    print(f"{name:34} " + " ".join(f"{total[each]:8}" for each in Tally._fields), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
