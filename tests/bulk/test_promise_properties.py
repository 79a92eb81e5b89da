"""Promises P1, P4 and P5 of `.docs/bulk.md` over random trees and random scripts of faults.

The examples are the same in every run. `COREDATA_EXAMPLES=1000` tries so many random ones for each promise;
`--hypothesis-seed` repeats such a search. The state of the sandbox is the truth.
"""

import asyncio
import gc
import os
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Callable, Set
from contextlib import asynccontextmanager
from pathlib import Path
from unicodedata import normalize

import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from coredata_async import Retry
from coredata_async.bulk import (
    Event,
    FileDone,
    FileFailed,
    FileSkipped,
    FileUnresolved,
    Reason,
    Scanned,
    UploadJob,
)
from coredata_async.sandbox import Sandbox
from tests.bulk.fault_scripts import (
    BLIND,
    HIDDEN,
    LOST,
    LOST_REGISTRATION,
    OBSTACLES,
    FaultCall,
    Tree,
    scripts,
    trees,
)
from tests.bulk.rig import (
    STEADY,
    Jobs,
    Ran,
    check_report,
    files_twice,
    folders_twice,
    remote_truth,
)
from tests.rig import md5

EXAMPLES = int(os.environ.get("COREDATA_EXAMPLES", "0"))
"""Number of new examples to search for each promise; 0 repeats the usual ones."""
RETRY = Retry(base=0, cap=0, attempts=2, settle=0.15, probe_gap=0.04)
"""Waits that are longer than the faults need: late commits take 0.03 s, listings lag by 0.02 s."""
EFFORT = evolve(STEADY, patience=0.3)

MANY = 5_000
"""Files that a job plans while its memory is measured."""
ITEM = 700
"""Bytes of memory for one file in a queue. Queues hold up to 1,000 of them: with the rest, about 1 MB."""
WORKING = 0.1
"""Seconds that a job works before its memory is measured again."""
HANG = FaultCall("delay", ("blobs.reserve", 60), {"times": None})
"""Keeps files in flight until the job is stopped."""

pytestmark = pytest.mark.timeout(0 if EXAMPLES else 300)


def examples(count: int):
    """Return settings for so many examples, or for a search."""
    return settings(
        max_examples=EXAMPLES or count,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        print_blob=True,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@frozen
class World:
    """A sandbox with a job for a tree."""

    box: Sandbox
    jobs: Jobs
    root: Path
    tree: Tree

    async def run(self, on: Callable[[UploadJob, Event], object] | None = None) -> Ran:
        """Run the job to its end; `on` is called with each event."""
        return await self.jobs.run(self.root, effort=EFFORT, on=on)

    def path(self, event: Event) -> str:
        """Return the path of the file of an event below the tree."""
        return str(Path(event.path).relative_to(self.root))

    def paths(self, ran: Ran, kind: type) -> set[str]:
        """Return the paths of all events of a type."""
        return {self.path(event) for event in ran.of(kind)}

    def files(self) -> Counter[tuple[str, str]]:
        """Return path below the tree and MD5 of every File in the sandbox."""
        there = remote_truth(self.box, self.box.project)
        return Counter(
            {(path.removeprefix("tree/"), digest): count for (path, digest), count in there.items()}
        )


@asynccontextmanager
async def world(tree: Tree, script: list[FaultCall]):
    """Start a sandbox with a script of faults, and a job for a tree."""
    note(f"{str(tree)[:2_000]}\n{script}")
    with tempfile.TemporaryDirectory() as directory:
        root = tree.write(Path(directory, "tree"))
        async with Sandbox() as box, box.client(retry=RETRY) as client:
            for fault in script:
                fault.apply(box.faults)
            yield World(box, Jobs(client, box.project, Path(directory, "job.sqlite")), root, tree)


def check_truth(world: World, ran: Ran) -> None:
    """Check that the report and the events of a run state what is in the sandbox."""
    check_report(ran)
    counts, there = ran.report.counts, world.files()
    paths_there = Counter(path for path, _ in there.elements())
    if ran.report.scanned:
        assert counts.planned == len(world.tree.files)
    assert not files_twice(world.box), "a blob became two Files"
    assert not [path for path, count in paths_there.items() if count > 1], "a file became two Files"
    assert not there - Counter({(path, md5(data)): 1 for path, data in world.tree.uploaded.items()})

    done = world.paths(ran, FileDone)
    failed = {world.path(event): event.reason for event in ran.of(FileFailed)}
    skipped = world.paths(ran, FileSkipped)
    unresolved = world.paths(ran, FileUnresolved)
    assert (len(done), len(failed), len(skipped)) == (counts.done, counts.failed, counts.skipped)
    assert len(unresolved) == counts.unresolved
    assert len(done | failed.keys() | skipped | unresolved) == counts.planned - counts.pending
    assert on_server(done) <= paths_there.keys(), "done, and not on the server"
    for path in failed.keys() - world.tree.unfit:
        if on_server({path}) <= paths_there.keys():
            assert failed[path] is Reason.MISMATCH, "failed, and on the server"
    assert not (on_server(skipped - done) & paths_there.keys()) - world.tree.uploaded.keys()
    if failed or unresolved or counts.pending:
        assert ran.report.exit_code != 0


def on_server(paths: Set[str]) -> set[str]:
    """Return the paths of local files on the server."""
    return {normalize("NFC", path) for path in paths}


@given(tree=trees(), script=scripts())
@examples(25)
async def test_p1_every_file_ends_in_one_way_and_the_report_is_what_the_server_has(tree, script) -> None:
    async with world(tree, script) as this:
        check_truth(this, await this.run())
        this.box.faults.clear()

        ran = await this.run()

        check_truth(this, ran)
        assert {path for path, _ in this.files()} == this.tree.uploaded.keys()
        assert not folders_twice(this.box)


@given(
    tree=trees(odd=False),
    script=st.tuples(LOST_REGISTRATION, HIDDEN | BLIND).map(list) | scripts(LOST | BLIND),
)
@examples(25)
async def test_p4_no_lost_response_is_guessed(tree, script) -> None:
    async with world(tree, script) as this:
        ran = await this.run()

        check_truth(this, ran)
        if ran.report.counts.unresolved:
            assert ran.report.exit_code in (5, 6)


@given(
    directories=st.integers(1, 20),
    name=st.text("abc\u00e9\u65e5", min_size=1, max_size=20),
    script=scripts(OBSTACLES),
)
@examples(3)
async def test_p5_memory_does_not_grow_with_the_number_of_files(directories, name, script) -> None:
    tree = Tree({f"d{n % directories}/{name}{n}": b"" for n in range(MANY)})
    async with world(tree, [*script, HANG]) as this:
        held = await held_memory(this)

    assert held < MANY * ITEM * 2 / 3, "memory for all files, and not for a part of them"


async def held_memory(world: World) -> int:
    """Return the bytes that a job holds when all files are planned, or shortly afterwards if that is more."""
    found = [0]

    def measure() -> None:
        gc.collect()
        found.append(tracemalloc.get_traced_memory()[0])

    def measure_and_stop(job) -> None:
        measure()
        job.stop()

    def measure_twice(job, event) -> None:
        if isinstance(event, Scanned):
            measure()
            asyncio.get_running_loop().call_later(WORKING, measure_and_stop, job)

    tracemalloc.start()
    try:
        await world.run(on=measure_twice)
    finally:
        tracemalloc.stop()
    return max(found)
