"""C13: a source changes between two runs, in any state of its upload."""

import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from coredata_async.bulk import State

from .points import Point
from .scene import AT_ONCE, Scene
from .truth import files_below, files_there

POINTS = {
    "planned": (Point("blobs.reserve:after", 3, flush=True), State.PLANNED),
    "putting": (Point("storage.put:middle", 3, flush=True), State.PUTTING),
    "stored": (Point("write:REGISTERING:before", 3, flush=True), State.STORED),
    "not-sent": (Point("files.register:before", 3), State.REGISTERING),
    "committed": (Point("files.register:after", 3), State.REGISTERING),
    "confirmed": (Point("files.get:before", 1, flush=True), State.CONFIRMED),
    "done": (Point("journal.close"), State.DONE),
}


def content(path: Path) -> None:
    """Replace the content by other bytes of the same size."""
    path.write_bytes(bytes(byte ^ 0xFF for byte in path.read_bytes()))


def size(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def mtime(path: Path) -> None:
    os.utime(path, (1, 1))


def rename(path: Path) -> None:
    path.rename(path.with_name("renamed.txt"))


def delete(path: Path) -> None:
    path.unlink()


def link(path: Path) -> None:
    """Replace the file by a link to a file outside the job."""
    elsewhere = path.parents[2] / "elsewhere.txt"
    elsewhere.write_text("not to be uploaded")
    path.unlink()
    path.symlink_to(elsewhere)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "within.txt").write_text("within")


CHANGES = [content, size, mtime, rename, delete, link, directory]


def victim_file(scene: Scene, state: State) -> Path:
    """Return a file in this state, in the subdirectory if possible, so that `link` leads out of the tree."""
    found = [
        path
        for path in sorted(scene.root.rglob("*"))
        if path.is_file() and scene.on_disk()[path.name] == state
    ]
    return found[0]


def cases() -> list:
    """Return all changes if the result of the upload is unknown, and otherwise every fourth."""
    every = itertools.product(POINTS, CHANGES)
    return [
        pytest.param(where, change, id=f"{where}-{change.__name__}")
        for n, (where, change) in enumerate(every)
        if where in {"not-sent", "committed"} or n % 4 == 0
    ]


@pytest.mark.parametrize(("where", "change"), cases())
async def test_c13_a_changed_file_is_uploaded_in_its_present_state_without_a_duplicate(
    scene, where, change: Callable
):
    point, state = POINTS[where]
    scene.killed(point, concurrency=1)
    path = victim_file(scene, state)
    earlier = hashlib.md5(path.read_bytes()).hexdigest()
    name = f"{scene.root.name}/{path.relative_to(scene.root)}"
    change(path)

    report = scene.resumed(retry=AT_ONCE)
    expected = files_below(scene.root)
    there = files_there(scene.box, scene.parent)
    # The File of the earlier content stays: nothing is ever deleted.
    allowed = there.get(name, [])
    if allowed and earlier in allowed and expected.get(name) != earlier:
        assert where in {"committed", "confirmed", "done"}
        there[name] = [digest for digest in allowed if digest != earlier]
        there = {name: digests for name, digests in there.items() if digests}
    assert there == {path: [digest] for path, digest in expected.items()}
    assert set(scene.box.state.files_per_blob().values()) == {1}
    assert report.adds_up
    assert report.unresolved == ()
    # A file that became a link is skipped; if this is noticed only at its upload, it fails.
    assert report.exit_code == (3 if (where, change) == ("not-sent", link) else 0), report.failures

    registered = scene.box.state.count("files.register")
    again = scene.resumed(retry=AT_ONCE)
    assert again.exit_code == 0
    assert scene.box.state.count("files.register") == registered
