"""Scene: a sandbox, a tree and a journal, with a victim that dies, another one that resumes, and checks."""

import pickle
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import define, field, frozen

from coredata_async import Retry
from coredata_async.bulk import Policy, Report, State
from coredata_async.bulk.states import FolderState
from coredata_async.sandbox import SandboxThread

from .points import Point
from .victim import Task

SOON = Retry(base=0.01, cap=0.05, settle=0.4, probe_gap=0.1)
"""Requests that a dead victim left in the sandbox end long before `settle`."""
AT_ONCE = Retry(base=0.01, cap=0.05, settle=0.05, probe_gap=0.02)
"""Settings for victims with one worker: none of their requests is in flight when they are dead."""
KILLED = -9
SECRETS = (b"Signature=", b"AWSAccessKeyId", b"Expires=", b"://127.0.0.1:%d/laika")


class Victims:
    """Process from which victims are forked."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bulk.crash.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(self, task: Task) -> int:
        """Perform a task, and return how its process ended."""
        pickle.dump(task, self._process.stdin)
        self._process.stdin.flush()
        return pickle.load(self._process.stdout)


@frozen
class Run:
    """End of a victim."""

    report: Report | None
    """`None` if it was killed."""
    trace: list[str]
    """All events, the last one at its death."""


@define(eq=False)
class Scene:
    victims: Victims
    box: SandboxThread
    folder: Path
    parent: str
    runs: int = 0
    fresh: bool = field(default=True, init=False)

    @property
    def root(self) -> Path:
        return self.folder / "tree"

    @property
    def journal(self) -> Path:
        return self.folder / "job.sqlite"

    def run(
        self,
        point: Point | None = None,
        *,
        retry: Retry = SOON,
        policy: Policy | None = None,
        concurrency: int = 3,
        root: Path | None = None,
    ) -> Run:
        self.runs += 1
        out, trace = self.folder / f"out-{self.runs}", self.folder / f"trace-{self.runs}"
        ended = self.victims.run(
            Task(
                url=self.box.url,
                api_user=self.box.api_user,
                api_key=self.box.api_key,
                parent=self.parent,
                root=root or self.root,
                journal=self.journal,
                out=out,
                trace=trace,
                point=point,
                retry=retry,
                policy=policy or Policy(),
                concurrency=concurrency,
            )
        )
        self.no_secret_on_disk()
        assert ended in {0, KILLED}, f"the victim ended with {ended}; {self._tail(trace)}"
        outcome = None if ended == KILLED else pickle.loads(out.read_bytes())
        assert not isinstance(outcome, str), f"{outcome}; {self._tail(trace)}"
        return Run(outcome, trace.read_text().splitlines())

    def killed(self, point: Point, **options) -> Run:
        """Run until a point, which must be reached."""
        run = self.run(point, **options)
        assert run.report is None, f"{point} was never reached: {Counter(run.trace)}"
        return run

    def resumed(self, **options) -> Report:
        """Run the same job again, to its end."""
        report = self.run(**options).report
        assert report is not None
        return report

    def no_secret_on_disk(self) -> None:
        secrets = (*SECRETS[:3], SECRETS[3] % self.box.port, self.box.api_key.encode())
        for file in self.folder.glob(f"{self.journal.name}*"):
            data = file.read_bytes()
            assert not [secret for secret in secrets if secret in data], file.name

    def on_disk(self) -> dict[str, State]:
        """Return the state of each file in a copy of the journal, because reading may repair it."""
        rows = self._read("SELECT name, state FROM item")
        return {name.decode(): State(state) for name, state in rows}

    def folders_on_disk(self) -> dict[str, FolderState]:
        rows = self._read("SELECT title, state FROM folder WHERE parent IS NOT NULL")
        return {title: FolderState(state) for title, state in rows}

    def asked_of_journal(self, query: str) -> list[tuple]:
        return self._read(query)

    def _read(self, query: str) -> list[tuple]:
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for end in ("", "-wal"):
            file = self.journal.with_name(self.journal.name + end)
            if file.exists():
                shutil.copy(file, copy / file.name)
        connection = sqlite3.connect(copy / self.journal.name)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def _tail(self, trace: Path) -> str:
        return " ".join(trace.read_text().split()[-12:]) if trace.exists() else "no trace"
