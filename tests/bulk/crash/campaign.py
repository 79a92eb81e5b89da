"""Many victims, several at once, each case with a separate sandbox, tree and journal."""

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
"""Number of simultaneous cases: most of their time is waiting for a disk or for `Retry.settle`."""


@contextmanager
def scenes(victims: Victims, where: Path | None = None):
    """Yield a scene that leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="crash-", dir=where))
    try:
        plant(folder / "tree")
        with SandboxThread() as box:
            yield Scene(victims, box, folder, box.project)
    finally:
        shutil.rmtree(folder)


def each_of(values: Iterable[T], do: Callable[[Victims, T], R], width: int = AT_ONCE) -> list[R]:
    """Call a function with each item, some at once; each of these has separate victims."""
    with ExitStack() as stack:
        free: queue.SimpleQueue[Victims] = queue.SimpleQueue()
        for _ in range(width):
            free.put(stack.enter_context(Victims()))

        def done(value: T) -> R:
            victims = free.get()
            try:
                return do(victims, value)
            finally:
                free.put(victims)

        with ThreadPoolExecutor(width) as pool:
            return list(pool.map(done, values))


def died_at(victims: Victims, where: Path, *deaths: int) -> str:
    """Kill a job at its n-th event, and its resumption at another, and so on; then complete it, and check.

    Returns the event at which the first one died, or nothing if it had ended before.
    """
    with scenes(victims, where) as scene:
        runs = [scene.run(Point(ANY, n)) for n in deaths]
        try:
            assert_exactly_once(scene, scene.resumed())
        except AssertionError as exc:
            raise AssertionError(f"after {deaths}: {[run.trace[-1] for run in runs]}: {exc}") from exc
        return runs[0].trace[-1] if runs[0].report is None else ""
