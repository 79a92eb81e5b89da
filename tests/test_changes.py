from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.changes import Changes, Mark
from coredata_async.listing import Listing
from coredata_async.resources.projects import Project
from coredata_async.sandbox import Sandbox
from coredata_async.wire.calls import Page

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def project(name: str, second: int, version: int = 0) -> Project:
    when = NOON + timedelta(seconds=second)
    return Project(id=name, snapshot_id=f"{name}{version}", created=when, modified=when)


@define
class Service:
    """Lists the objects modified after a time, as the service does."""

    projects: dict[str, Project] = field(factory=dict)
    asked: list[datetime | None] = field(factory=list)

    def put(self, *projects: Project) -> None:
        self.projects |= {each.id: each for each in projects}

    def list(self, *, modified__gt: datetime | None = None) -> Listing[Project]:
        self.asked.append(modified__gt)
        found = [p for p in self.projects.values() if modified__gt is None or p.modified > modified__gt]

        async def fetch(offset: int, limit: int | None) -> Page[Project]:
            items = tuple(found[offset : offset + (limit or 20)])
            return Page(items=items, total=len(found), offset=offset, limit=limit or 20, has_next=False)

        return Listing(fetch, key=lambda each: each.id, page_size=2)


async def look(service: Service, mark: Mark | None) -> tuple[list[str], Mark]:
    changes = Changes(service.list, mark)
    return [each.snapshot_id async for each in changes], changes.mark


async def test_without_a_mark_everything_is_new() -> None:
    service = Service()
    service.put(project("a", 0), project("b", 5), project("c", 3))

    found, mark = await look(service, None)

    assert found == ["a0", "b0", "c0"]
    assert service.asked == [None]
    assert mark.newest == NOON + timedelta(seconds=5)


async def test_what_was_seen_is_not_repeated_although_the_look_reaches_back() -> None:
    service = Service()
    service.put(project("a", 0), project("b", 5))
    _, mark = await look(service, None)

    found, _ = await look(service, mark)

    assert found == []
    assert service.asked[1] == NOON + timedelta(seconds=5) - timedelta(minutes=2, seconds=1)


async def test_a_change_in_the_very_second_of_the_mark_is_not_missed() -> None:
    service = Service()
    service.put(project("a", 5))
    _, mark = await look(service, None)
    service.put(project("a", 5, version=1), project("b", 5))

    found, _ = await look(service, mark)

    assert found == ["a1", "b0"]


async def test_what_shows_up_late_in_the_listing_is_not_missed() -> None:
    service = Service()
    service.put(project("a", 60))
    _, mark = await look(service, None)
    service.put(project("late", 10))

    found, _ = await look(service, mark)

    assert found == ["late0"]


async def test_the_mark_moves_only_when_the_look_has_ended() -> None:
    service = Service()
    service.put(project("a", 0), project("b", 5))
    changes = Changes(service.list)

    async for _ in changes:
        break

    assert changes.mark == Mark()


async def test_the_mark_forgets_what_no_further_look_can_meet() -> None:
    service = Service()
    service.put(*(project(str(n), n) for n in range(1000)))

    _, mark = await look(service, None)

    assert len(mark.seen) == 122


def test_a_mark_survives_being_stored() -> None:
    mark = Mark(NOON, frozenset({("a", "1"), ("b", "2")}))

    assert Mark.loads(mark.dumps()) == mark
    assert Mark.loads(Mark().dumps()) == Mark()


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", '{"newest": 1, "seen": []}', '{"newest": null, "seen": [1]}', "[" * 100_000),
        '{"newest": "2026-01-01T00:00:00", "seen": []}',  # without a zone it could not be compared
    ],
    ids=range(7),
)
def test_what_is_not_a_mark_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Mark.loads(text)


@given(st.lists(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), max_size=6), max_size=8))
async def test_every_change_is_given_exactly_once(rounds: list[list[tuple[str, int]]]) -> None:
    service, mark, clock, version = Service(), None, 0, 0
    given_, made = [], []
    for changes in rounds:
        for name, pause in changes:
            clock, version = clock + pause, version + 1
            service.put(project(name, clock, version))
        made += [each.snapshot_id for each in service.projects.values() if each.snapshot_id not in made]
        found, mark = await look(service, mark)
        given_ += found

    assert sorted(given_) == sorted(made)


async def test_it_works_on_the_sandbox_for_every_collection_with_times() -> None:
    async with Sandbox() as box, box.client() as client:
        first = Changes(client.projects.list)
        assert len([each async for each in first]) == 1
        await client.projects.update(box.project, title="Changed")
        second = Changes(client.projects.list, first.mark)
        assert [each.title async for each in second] == ["Changed"]
        files = Changes(client.files.list)
        assert [each async for each in files] == []
        assert evolve(files.mark) == Mark()


async def test_an_object_from_the_future_does_not_hide_the_changes_after_it() -> None:
    service = Service()
    service.put(project("a", 0), evolve(project("b", 1), modified=datetime(9999, 12, 31, tzinfo=UTC)))
    _, mark = await look(service, None)
    service.put(project("c", 2))

    found, mark = await look(service, mark)
    again, _ = await look(service, mark)

    assert (found, again) == (["c0"], [])
