"""Random walk: kills, faults of the server, and changes of the tree."""

import random

import pytest

from coredata_async import Retry

from .campaign import each_of, scenes
from .points import ANY, Point
from .scene import Scene
from .truth import assert_report_is_true, files_below, files_there, folders_there

SEEDS = range(4)
STEPS = 4
LATE = 0.2
PATIENT = Retry(base=0.01, cap=0.05, settle=0.9, probe_gap=0.3)


def trouble(scene: Scene, chance: random.Random) -> None:
    """Set a fault of the server that occurs after some requests."""
    faults, after = scene.box.faults, chance.randrange(6)
    operation = chance.choice(
        ["files.register", "folders.create", "storage.put", "blobs.reserve", "files.list"]
    )
    match chance.randrange(6):
        case 0:
            faults.reset_after(operation, after=after)
        case 1:
            faults.reset_before(operation, after=after)
        case 2:
            faults.commit_late(chance.choice(["files.register", "folders.create"]), LATE, after=after)
        case 3:
            faults.status(operation, chance.choice([500, 502, 503, 504]), after=after)
        case 4:
            faults.status("files.register", 504, done=True, after=after)
        case _:
            faults.listing_lag(seconds=LATE)


def work(scene: Scene, chance: random.Random, number: int, seen: set[tuple[str, str]]) -> None:
    """Add a file, overwrite one, or delete one."""
    files = sorted(path for path in scene.root.rglob("*") if path.is_file())
    path = chance.choice(files)
    match chance.randrange(4):
        case 0:
            (path.parent / f"added {number}.txt").write_text(f"added {number}")
        case 1:
            path.write_bytes(chance.randbytes(chance.randrange(2000)))
        case 2 if len(files) > 3:
            path.unlink()
        case _:
            path.touch()
    seen |= set(files_below(scene.root).items())


def walked(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    seen = set(files_below(scene.root).items())
    """Every content that a path has had: a File of other content must not exist."""
    for number in range(STEPS):
        trouble(scene, chance)
        scene.run(Point(ANY, chance.randrange(1, 200)), retry=PATIENT)
        work(scene, chance, number, seen)
    scene.box.faults.clear()
    report = scene.resumed(retry=PATIENT)
    expected, there = files_below(scene.root), files_there(scene.box, scene.parent)
    for path, digests in there.items():
        assert len(set(digests)) == len(digests), f"twice: {path}"
        assert {(path, digest) for digest in digests} <= seen
    for path, digest in expected.items():
        assert digest in there.get(path, ()), f"missing: {path}"
    assert set(folders_there(scene.box, scene.parent)) == {"tree", "tree/sub"}
    assert_report_is_true(scene, report, planned=len(expected))


@pytest.mark.timeout(180)
def test_after_any_events_in_any_order_no_file_is_missing_or_duplicated(tmp_path):
    def walk(victims, seed: int) -> None:
        with scenes(victims, tmp_path) as scene:
            try:
                walked(scene, seed)
            except AssertionError as exc:
                raise AssertionError(f"seed {seed}: {exc}") from exc

    each_of(SEEDS, walk)
