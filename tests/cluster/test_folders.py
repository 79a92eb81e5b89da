"""Folders are created once, by one of any number of planners."""

import asyncio
import time

import pytest

from coredata_async.cluster.folders import TableFolders, name_planner
from coredata_async.cluster.take import LeaseTaker
from coredata_async.config import Retry
from coredata_async.errors import OutcomeUnknownError
from coredata_async.fence import NO_FENCE
from coredata_async.message import Request
from tests.cluster.memory import MemoryTable

LENGTH = 0.4
SLEPT: list[float] = []


class Service:
    """Creates folders, and loses answers."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.fault: Exception | None = None
        self.carried_out = True

    async def create(self) -> str:
        await asyncio.sleep(0.05)
        fault, self.fault = self.fault, None
        if fault is None or self.carried_out:
            self.folders.append(f"folder-{len(self.folders)}")
        if fault is not None:
            raise fault
        return self.folders[-1]

    async def find(self) -> str | None:
        return self.folders[0] if self.folders else None


def planner(table, name: str, scan: str = "", epoch: int = 1) -> TableFolders:
    async def sleep(seconds: float) -> None:
        if seconds >= 1:
            SLEPT.append(seconds)
        await asyncio.sleep(min(seconds, 0.05))

    return TableFolders(
        table=table,
        taker=LeaseTaker(owner=name_planner(name, scan, epoch) if scan else name, length=LENGTH),
        retry=Retry(settle=100, probe_gap=10),
        scan=scan,
        epoch=epoch,
        fence=NO_FENCE,
        sleep=sleep,
    )


def unknown() -> OutcomeUnknownError:
    return OutcomeUnknownError("lost", Request("POST", "/folders/"))


@pytest.fixture(autouse=True)
def slept():
    SLEPT.clear()
    return SLEPT


async def test_many_planners_create_a_folder_once() -> None:
    table, service = MemoryTable(), Service()

    made = await asyncio.gather(
        *(planner(table, f"p{n}").make("root", "docs", service.create, service.find) for n in range(8))
    )

    assert set(made) == {"folder-0"}
    assert service.folders == ["folder-0"]


async def test_a_folder_whose_planner_died_is_looked_for_when_its_request_cannot_be_in_flight(slept) -> None:
    table, service = MemoryTable(), Service()
    service.fault = unknown()
    with pytest.raises(OutcomeUnknownError):
        await planner(table, "first").make("root", "docs", service.create, service.find)

    made = await planner(table, "second").make("root", "docs", service.create, service.find)

    assert made == "folder-0"
    assert service.folders == ["folder-0"]
    assert slept == [110]


async def test_a_folder_that_was_never_created_is_created_then(slept) -> None:
    table, service = MemoryTable(), Service()
    service.fault, service.carried_out = unknown(), False
    with pytest.raises(OutcomeUnknownError):
        await planner(table, "first").make("root", "docs", service.create, service.find)

    assert await planner(table, "second").make("root", "docs", service.create, service.find) == "folder-0"
    assert slept == [110]


async def test_a_refusal_lets_the_next_planner_try_at_once(slept) -> None:
    table, service = MemoryTable(), Service()
    service.fault, service.carried_out = ValueError("refused"), False
    with pytest.raises(ValueError, match="refused"):
        await planner(table, "first").make("root", "docs", service.create, service.find)

    assert await planner(table, "second").make("root", "docs", service.create, service.find) == "folder-0"
    assert slept == []


async def test_a_folder_is_known_when_it_was_created_or_while_a_living_planner_creates_it() -> None:
    table, service = MemoryTable(), Service()
    first, second = planner(table, "first"), planner(table, "second")
    assert await second.get("root", "docs") is None

    async with asyncio.TaskGroup() as group:
        group.create_task(first.make("root", "docs", service.create, service.find))
        await asyncio.sleep(0.01)
        found = await second.get("root", "docs")

    assert found == await second.get("root", "docs") == "folder-0"


async def test_a_folder_of_a_dead_planner_is_not_waited_for_longer_than_its_lease() -> None:
    table, service = MemoryTable(), Service()
    service.fault = unknown()
    with pytest.raises(OutcomeUnknownError):
        await planner(table, "first").make("root", "docs", service.create, service.find)

    assert await planner(table, "second").get("root", "docs") is None


async def leave_behind(table, titles: list[str], name: str, scan: str, epoch: int) -> None:
    """Die after the requests for some folders, whose outcome is unknown."""
    for title in titles:
        service = Service()
        service.fault = unknown()
        with pytest.raises(OutcomeUnknownError):
            await planner(table, name, scan, epoch).make("root", title, service.create, service.find)


async def test_the_next_owner_of_a_scan_waits_once_for_all_folders_of_those_before(slept) -> None:
    table, titles = MemoryTable(), ["a", "b", "c", "d"]
    await leave_behind(table, titles[:2], "first", "scan.0", 1)
    await leave_behind(table, titles[2:], "second", "scan.0", 2)
    third, services = planner(table, "third", "scan.0", 3), {title: Service() for title in titles}
    began = time.monotonic()

    for title, service in services.items():
        assert await third.get("root", title) is None
        await third.make("root", title, service.create, service.find)

    assert time.monotonic() - began < LENGTH + len(titles) * 0.1  # none was watched for a lease
    assert all(service.folders == ["folder-0"] for service in services.values())
    assert all(109 < seconds <= 110 for seconds in slept)  # by one clock that began with the scan
    assert slept == sorted(slept, reverse=True)


@pytest.mark.parametrize(("scan", "epoch"), [("scan.1", 1), ("scan.0", 2), ("scan.0", 3)])
async def test_a_planner_of_another_scan_and_a_later_one_are_watched_for_a_lease(
    scan: str, epoch: int
) -> None:
    table, service = MemoryTable(), Service()
    await leave_behind(table, ["docs"], "first", scan, epoch)
    began = time.monotonic()

    await planner(table, "second", "scan.0", 2).make("root", "docs", service.create, service.find)

    assert time.monotonic() - began > LENGTH
