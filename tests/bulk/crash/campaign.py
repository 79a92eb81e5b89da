"""Many victims, several at once: each case with a sandbox, a tree and a journal of its own."""

import queue
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from coredata_async.sandbox import SandboxThread

from .points import ANY, Point
from .scene import Scene, Victims
from .trees import plant
from .truth import assert_exactly_once

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 4
"""Most of a case is waiting: for a disk, or for `Retry.settle`."""


@contextmanager
def scenes(victims: Victims, where: Path | None = None):
    """A scene that leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="crash-", dir=where))
    try:
        plant(folder / "tree")
        with SandboxThread() as box:
            yield Scene(victims, box, folder, box.project)
    finally:
        shutil.rmtree(folder)


def each_of(things: Iterable[T], do: Callable[[Victims, T], R], width: int = AT_ONCE) -> list[R]:
    """Do something with each, some at once; each of these has victims of its own."""
    with ExitStack() as stack:
        free: queue.SimpleQueue[Victims] = queue.SimpleQueue()
        for _ in range(width):
            free.put(stack.enter_context(Victims()))

        def done(thing: T) -> R:
            victims = free.get()
            try:
                return do(victims, thing)
            finally:
                free.put(victims)

        with ThreadPoolExecutor(width) as pool:
            return list(pool.map(done, things))


def died_at(victims: Victims, where: Path, *deaths: int) -> str:
    """Kill a job at its n-th event, and its resumption at another, and so on; then let it end, and look.

    Gives the event at which the first one died, or nothing if it had ended before.
    """
    with scenes(victims, where) as scene:
        runs = [scene.run(Point(ANY, n)) for n in deaths]
        try:
            assert_exactly_once(scene, scene.resumed())
        except AssertionError as exc:
            raise AssertionError(f"after {deaths}: {[run.trace[-1] for run in runs]}: {exc}") from exc
        return runs[0].trace[-1] if runs[0].report is None else ""
