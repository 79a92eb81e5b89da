"""Shared lookups in virtual time: the number of listings, and the proof of an absence."""

import asyncio
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import define, field

from coredata_async import RegistrationUncertainError, Retry
from coredata_async.errors import NotFoundError, ServerError
from coredata_async.message import Reply, Request
from coredata_async.transfer.comparison import Search
from coredata_async.transfer.lookup import IDLE, REMEMBERED, Lookup, LookupResult, UndecidableError, Witnesses
from coredata_async.transfer.probe import Parent, ProbeRequest, RegistrationProbe
from coredata_async.transfer.steps import Planned, Registered, Stored
from coredata_async.wire.files import NewFile
from tests.bulk.virtual import now, run
from tests.rig import md5

FOLDER = "2bb7fb5e-8ef6-11e6-89e1-87ce876944be"
SEARCH = Search.in_folder(FOLDER)
POLICY = Retry(settle=120, probe_gap=10, base=0)
SINCE = datetime(2026, 1, 2, 12, tzinfo=UTC)


@define
class Service:
    """Lists Files, 200 a page, and takes half a second for each page."""

    files: list[dict[str, object]] = field(factory=list)
    seconds: float = 0.5
    hidden: int = 0
    """Number of Files that are counted and not shown."""
    fails: int = 0
    """Number of pages that fail first."""
    began: list[float] = field(factory=list)
    """Time at which each listing began."""
    filtered: list[bool] = field(factory=list)
    """True if the listing had a filter by time."""
    busy: int = 0
    busiest: int = 0

    async def __call__(self, request: Request) -> Reply:
        url = urlsplit(request.target)
        query = {name: value for name, (value,) in parse_qs(url.query).items()}
        offset, limit = int(query["offset"]), int(query["limit"])
        if offset == 0:
            self.began.append(now())
            self.filtered.append("created__gt" in query)
        self.busy += 1
        self.busiest = max(self.busy, self.busiest)
        await asyncio.sleep(self.seconds)
        self.busy -= 1
        if self.fails:
            self.fails -= 1
            return Reply(500)
        if "/projects/" in url.path:
            return Reply(404)
        found = [each for each in self.files if each["created"] > query.get("created__gt", "")]
        objects = found[: len(found) - self.hidden][offset : offset + limit]
        meta = {"total_count": len(found), "limit": limit, "next": None}
        return Reply(200, {}, json.dumps({"meta": meta, "objects": objects}).encode())

    def register(self, blob: str, **fields: object) -> str:
        file_id = f"00000000-0000-0000-0000-{len(self.files):012}"
        made = {"id": file_id, "blob_name": blob, "parent": FOLDER, "created": "2026-01-02T12:00:00"}
        self.files.append({**made, **fields})
        return file_id


def stored(blob: str) -> Stored:
    return Stored(Planned(size=3, content_type=None), blob, md5(b"abc"), since=SINCE)


def wanted(blob: str, *, kind="folder", matcher=None, patience=1) -> ProbeRequest:
    new = NewFile(filename="scan.pdf", title="scan", parent=FOLDER)
    return ProbeRequest(
        stored=stored(blob), new=new, parent=Parent(FOLDER, kind), matcher=matcher, patience=patience
    )


def lookup(service: Service, policy: Retry = POLICY) -> Lookup:
    return Lookup(service, policy, asyncio.sleep, now)


def settler(service: Service, policy: Retry = POLICY) -> RegistrationProbe:
    return RegistrationProbe(service, policy, clock=now)


async def find_all(service: Service, blobs: dict[str, float]) -> dict[str, Registered | None]:
    """Search for blobs, each of which was lost at some time."""
    far, found = settler(service), {}

    async def find(blob: str, lost_at: float) -> None:
        await asyncio.sleep(lost_at)
        found[blob] = await far.find(wanted(blob), lost_at)

    async with asyncio.TaskGroup() as group:
        for blob, lost_at in blobs.items():
            group.create_task(find(blob, lost_at))
    return found


@pytest.mark.parametrize("count", [1, 64, 500])
def test_blobs_lost_at_the_same_time_cost_as_many_listings_as_there_are_looks(count):
    service = Service()

    found = run(lambda: find_all(service, {f"b{n}": 0.0 for n in range(count)}))

    assert set(found.values()) == {None}
    assert service.began == [0.0, 10.0, 121.0, 132.0]
    assert service.filtered == [True, True, False, False]


def test_blobs_lost_one_after_the_other_share_listings_too():
    service = Service()
    for n in range(3000):
        service.register(f"other{n}")

    found = run(lambda: find_all(service, {f"b{n}": n / 8 for n in range(400)}))  # for 50 seconds

    assert set(found.values()) == {None}
    assert len(service.began) < 24  # one blob alone needs four
    gaps = [after - before for before, after in zip(service.began, service.began[1:], strict=False)]
    assert min(gaps) >= 4 * 16 * service.seconds / 3  # three pages at once


def test_a_file_is_found_by_the_listing_that_many_wait_for():
    service = Service()
    ids = {f"b{n}": service.register(f"b{n}") for n in range(64)}

    found = run(lambda: find_all(service, dict.fromkeys(ids, 0.0)))

    assert {blob: each.file_id for blob, each in found.items()} == ids
    assert len(service.began) == 1


@pytest.mark.parametrize("shown", ["B1B1", "laika/b1b1", "b1-b1"])
@pytest.mark.parametrize("digest", [None, "", md5(b"abc")])
def test_a_file_is_found_by_its_blob_name_in_another_form_even_without_a_digest(shown, digest):
    service = Service()
    made = service.register(shown, digest=digest)

    found = run(lambda: find_all(service, {"b1b1": 0.0}))

    assert found["b1b1"].file_id == made


def test_a_listing_in_flight_may_find_a_file_but_proves_no_absence():
    service = Service(seconds=2)
    for n in range(600):
        service.register(f"other{n}")
    there = service.register("there")

    async def main() -> tuple[LookupResult, LookupResult]:
        lookups = lookup(service)
        async with asyncio.TaskGroup() as group:
            group.create_task(lookups.find(SEARCH, stored("first"), proof=True))
            await asyncio.sleep(3)  # the first page is there already
            one = group.create_task(lookups.find(SEARCH, stored("there"), proof=True))
            two = group.create_task(lookups.find(SEARCH, stored("absent"), proof=True))
        return one.result(), two.result()

    found, absent = run(main)

    assert [file.id for file in found.hits] == [there]
    assert found.began == service.began[0]
    assert absent.incomplete_reason is None
    assert absent.began == service.began[1] > 3


def test_a_filter_by_time_proves_nothing_and_finds_what_an_early_clock_allows():
    service = Service()
    service.register("b", created="2026-01-02T11:50:00")  # ten minutes before its reservation

    assert run(lambda: settler(service).find(wanted("b"), 0.0)) is not None
    assert service.filtered == [True, True, False]


@pytest.mark.parametrize("hidden", [1, 3])
def test_an_incomplete_listing_is_repeated_and_leaves_it_open(hidden):
    service = Service(hidden=hidden)
    for n in range(5):
        service.register(f"other{n}")

    with pytest.raises(UndecidableError, match=f"shows {5 - hidden} of 5"):
        run(lambda: settler(service).find(wanted("b"), 0.0))

    assert service.filtered == [True, True, False, False, False]


def test_a_failed_listing_fails_for_all_that_waited_for_it_and_for_no_other():
    service = Service(fails=1)

    async def main() -> list[object]:
        lookups = lookup(service)
        tasks = [asyncio.create_task(lookups.find(SEARCH, stored(f"b{n}"))) for n in range(3)]
        await asyncio.wait(tasks)
        return [each.exception() for each in tasks] + [(await lookups.find(SEARCH, stored("c"))).hits]

    *failures, hits = run(main)

    assert [type(each) for each in failures] == [ServerError] * 3
    assert hits == ()
    assert len(service.began) == 2


def test_a_look_that_fails_is_repeated_as_often_as_its_patience_allows():
    service = Service(fails=2)
    file_id = service.register("b")

    found = run(lambda: settler(service).find(wanted("b", patience=3), 0.0))

    assert found is not None
    assert found.file_id == file_id


def test_if_the_one_that_lists_is_cancelled_another_one_lists():
    service = Service(seconds=5)
    file_id = service.register("b")

    async def main() -> LookupResult:
        lookups = lookup(service)
        first = asyncio.create_task(lookups.find(SEARCH, stored("a")))
        second = asyncio.create_task(lookups.find(SEARCH, stored("b")))
        await asyncio.sleep(1)
        first.cancel()
        return await second

    assert [file.id for file in run(main).hits] == [file_id]


def test_few_places_are_listed_at_once():
    service = Service()

    async def main() -> None:
        lookups = lookup(service)
        async with asyncio.TaskGroup() as group:
            for n in range(100):
                group.create_task(lookups.find(Search.in_folder(f"f{n}"), stored("b")))

    run(main)

    assert len(service.began) == 100
    assert service.busiest == 8


def test_places_in_which_nothing_is_looked_for_are_forgotten():
    service = Service(seconds=0)

    async def main() -> int:
        lookups = lookup(service)
        for n in range(3 * IDLE):
            await asyncio.sleep(1)
            await lookups.find(Search.in_folder(f"f{n}"), stored("b"))
        return len(lookups._searches)

    assert run(main) <= IDLE


def test_a_parent_that_is_not_a_project_and_lists_nothing_is_searched_by_title():
    service = Service()
    file_id = service.register("b", parent="elsewhere")
    service.files[0]["created"] = "2026-01-02T12:00:00"

    async def only_by_title(request: Request) -> Reply:
        reply = await service(request)
        if "title__startswith" in request.target or reply.status != 200:
            return reply
        empty = {"meta": {"total_count": 0, "limit": 200, "next": None}, "objects": []}
        return Reply(200, {}, json.dumps(empty).encode())

    far = RegistrationProbe(only_by_title, POLICY, clock=now)

    found = run(lambda: far.find(wanted("b", kind="unknown"), 0.0))
    assert found is not None
    assert found.file_id == file_id
    assert run(lambda: RegistrationProbe(only_by_title, POLICY, clock=now).find(wanted("b"), 0.0)) is None


def test_a_project_that_has_vanished_is_an_error_not_a_proof():
    with pytest.raises(NotFoundError):
        run(lambda: settler(Service()).find(wanted("b", kind="project"), 0.0))


def test_files_that_cannot_be_distinguished_are_candidates_of_their_own_blob_only():
    service = Service()
    there = service.register("found")

    async def without_names(request: Request) -> Reply:
        if "?" not in request.target:
            one = {"id": "x", "size": 3, "digest": md5(b"abc"), "created": "2026-01-02T12:00:00"}
            return Reply(200, {}, json.dumps(one).encode())
        reply = await service(request)
        body = json.loads(reply.body)
        body["objects"].append({"id": "x", "size": 3, "digest": md5(b"abc")})
        body["meta"]["total_count"] += 1
        return Reply(200, {}, json.dumps(body).encode())

    async def main() -> tuple[Registered | None, Registered | None, str]:
        far = RegistrationProbe(without_names, POLICY, clock=now)

        async def not_ours(_: object) -> bool:
            return False

        with pytest.raises(UndecidableError) as caught:
            await far.find(wanted("open"), 0.0)
        one = await far.find(wanted("found"), 0.0)
        two = await far.find(wanted("absent", matcher=not_ours), 0.0)
        return one, two, caught.value.candidates

    found, absent, candidates = run(main)

    assert found is not None
    assert found.file_id == there
    assert absent is None
    assert candidates == ("x",)


def test_the_first_file_of_a_place_is_remembered_from_its_time_on() -> None:
    witnesses = Witnesses()
    witnesses.add("p", "1", 10.0)
    witnesses.add("p", "2", 20.0)

    assert witnesses.of("p", 9.0) is None
    assert witnesses.of("p", 10.0) == "1"
    assert witnesses.of("q", 10.0) is None


def test_a_file_that_is_gone_is_forgotten() -> None:
    witnesses = Witnesses()
    witnesses.add("p", "1", 10.0)

    witnesses.discard("p")
    witnesses.discard("p")

    assert witnesses.of("p", 10.0) is None


def test_the_number_of_places_is_limited() -> None:
    witnesses = Witnesses()
    for number in range(REMEMBERED + 1):
        witnesses.add(str(number), "f", 0.0)

    assert witnesses.of("0", 1.0) is None
    assert witnesses.of(str(REMEMBERED), 1.0) == "f"


async def test_a_list_without_a_file_that_is_there_does_not_prove_that_another_one_is_absent(
    box, client
) -> None:
    """The caller may create Files but not see them, or lists lag behind for longer than assumed."""
    box.faults.listing_lag(seconds=60)
    first = await client.files.upload(b"1", parent=box.project, filename="1.txt")
    box.faults.reset_after("files.register")

    with pytest.raises(RegistrationUncertainError, match=first.file_id):
        await client.files.upload(b"2", parent=box.project, filename="2.txt")

    assert len(box.state.files) == 2


async def test_a_file_that_was_deleted_meanwhile_raises_no_doubt(box, client) -> None:
    first = await client.files.upload(b"1", parent=box.project, filename="1.txt")
    await client.files.delete(first.file_id)
    box.faults.status("files.register", 503)

    await client.files.upload(b"2", parent=box.project, filename="2.txt")

    assert [file.fields["filename"] for file in box.state.files] == ["2.txt"]
