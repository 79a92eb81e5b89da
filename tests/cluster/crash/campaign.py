"""Many cases, several at once, which share a nats-server."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from attrs import define, field

from coredata_async.cluster import Cluster

from .points import Point
from .scene import LEASE, Case, Outcome, Victims, run_case, scene_of

SHORT = 0.3 * LEASE
UNANSWERED = frozenset({"nak", "in progress"})
"""Kinds of messages that the server does not answer."""


@define(eq=False)
class Campaign:
    """Runs cases against one nats-server."""

    victims: Victims
    address: object
    cluster: Cluster
    where: Path
    width: int
    keep: Path | None = None
    """Directory for the logs and traces of runs that went wrong."""
    _count: int = field(default=0, init=False)

    async def run(self, case: Case) -> Outcome:
        self._count += 1
        name = f"s{self._count}"
        async with scene_of(self.victims, self.address, self.cluster, name, self.where) as scene:
            outcome = await run_case(scene, case)
            if self.keep is not None and not outcome.clean:
                traces = (scene.trace(number).read_text().split("\n") for number in range(len(scene.pids)))
                lines = [str(outcome), *map(" | ".join, traces), (scene.folder / "log").read_text()]
                (self.keep / f"{name}.log").write_text("\n\n".join(lines))
            return outcome

    async def run_all(self, cases: Sequence[Case]) -> AsyncGenerator[Outcome, None]:
        """Run all cases; yield the outcomes in the order of the cases."""
        free = asyncio.Semaphore(self.width)

        async def run(case: Case) -> Outcome:
            async with free:
                return await self.run(case)

        async with asyncio.TaskGroup() as group:
            running = [group.create_task(run(case)) for case in cases]
            for task in running:
                yield await task

    async def enumerate(self) -> list[Case]:
        """Run the job undisturbed, and return a case for each event and everything that can happen there."""
        cases: list[Case] = []
        for coordinator in (False, True):
            outcome = await self.run(Case(coordinator=coordinator))
            assert outcome.clean, outcome
            cases += cases_for(Counter(outcome.trace), coordinator=coordinator)
        return cases


@asynccontextmanager
async def campaign(server, where: Path, *, width: int, keep: Path | None = None):
    """Yield a campaign against a running nats-server."""
    with Victims() as victims:
        async with await Cluster.open(server.address, lease=LEASE) as cluster:
            yield Campaign(victims, server.address, cluster, where, width, keep)


def cases_for(events: Counter[str], *, coordinator: bool) -> list[Case]:
    """Return all cases for the events of a run."""
    cases: list[Case] = []
    for kind, count in events.items():
        for n in range(1, count + 1):
            cases += [
                Case(point=Point(kind, n, phase), coordinator=coordinator)
                for phase in ("before", "sent", "after")
                if phase != "after" or kind not in UNANSWERED
            ]
            if not coordinator:
                before, sent = Point(kind, n, "before", "freeze"), Point(kind, n, "sent", "freeze")
                cases += [Case(point=before), Case(point=sent), Case(point=before, freeze=SHORT)]
    return cases


async def outcomes_of(run: Campaign, cases: Sequence[Case]) -> list[Outcome]:
    async with aclosing(run.run_all(cases)) as found:
        return [outcome async for outcome in found]
