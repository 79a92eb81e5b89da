"""Promises about the filters of projects, files, contacts and tasks, and the objects that each selects."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.target import Target

DATED = pytest.mark.parametrize("noun", ["projects", "files", "contacts", "tasks"])
FIELDS = pytest.mark.parametrize("name", ["created", "modified"])
TESTS = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}
STATED = {"gt", "lte"}
"""Those the page has an example of; its table of all five has lost its cells."""


def z(stamp: str) -> str:
    """Return a timestamp in the form of requests: responses omit the Z."""
    return f"{stamp}Z"


async def total(target: Target, path: str, **query: object) -> int:
    return (await target.found(path, limit=1, **query))["meta"]["total_count"]


async def middle(target: Target, path: str, name: str) -> str:
    """Return a time with objects before and after it."""
    stamps = sorted({each[name] for each in await target.some(path, limit=100) if each.get(name)})
    if len(stamps) < 3:
        target.lacks(f"three objects under {path} with different {name}")
    return stamps[len(stamps) // 2]


@DATED
async def test_a_title_finds_exactly_what_is_called_so(target: Target, noun: str) -> None:
    path = f"/api/v2/{noun}/"
    title = next((each["title"] for each in await target.some(path) if each.get("title")), None)
    if title is None:
        target.lacks(f"{noun} with a title")

    found = await target.some(path, title=title)

    assert {each["title"] for each in found} == {title}


@DATED
async def test_the_beginning_of_a_title_finds_what_begins_so(target: Target, noun: str) -> None:
    path = f"/api/v2/{noun}/"
    title = next(
        (each["title"] for each in await target.some(path) if len(each.get("title") or "") > 3), None
    )
    if title is None:
        target.lacks(f"{noun} with a long title")

    found = await target.some(path, limit=100, title__startswith=title[:4])

    assert title in {each["title"] for each in found}
    strict = all(each["title"].startswith(title[:4]) for each in found)
    target.learn("title__startswith distinguishes upper and lower case", strict, True)


@DATED
async def test_a_title_that_does_not_exist_finds_nothing(target: Target, noun: str) -> None:
    assert await total(target, f"/api/v2/{noun}/", title="coredata-async: no such title") == 0


@DATED
@FIELDS
@pytest.mark.parametrize("operator", TESTS)
async def test_a_date_operator_compares(target: Target, noun: str, name: str, operator: str) -> None:
    path = f"/api/v2/{noun}/"
    pivot = await middle(target, path, name)

    found = (await target.found(path, limit=100, **{f"{name}__{operator}": z(pivot)}))["objects"]

    wrong = [each[name] for each in found if not TESTS[operator](each[name], pivot)]
    if operator in STATED:
        assert wrong == []
        assert found
    else:
        target.learn(f"what {name}__{operator} lets through beyond what it should", wrong, [])


@DATED
@FIELDS
@pytest.mark.parametrize(("one", "other"), [("gt", "lte"), ("gte", "lt")])
async def test_two_operators_part_the_whole(
    target: Target, noun: str, name: str, one: str, other: str
) -> None:
    path = f"/api/v2/{noun}/"
    pivot = z(await middle(target, path, name))

    parts = [await total(target, path, **{f"{name}__{each}": pivot}) for each in (one, other)]

    target.learn(f"{name}__{one} and {name}__{other} together", sum(parts), await total(target, path))


@DATED
@FIELDS
async def test_a_range_lets_through_what_is_between(target: Target, noun: str, name: str) -> None:
    path = f"/api/v2/{noun}/"
    stamps = sorted({each[name] for each in await target.some(path, limit=100) if each.get(name)})
    if len(stamps) < 5:
        target.lacks(f"five objects under {path} with different {name}")
    first, last = stamps[1], stamps[-2]

    found = await target.some(path, limit=100, **{f"{name}__range": f"{z(first)},{z(last)}"})

    seen = {each[name] for each in found}
    assert all(first <= each <= last for each in seen)
    assert stamps[2] in seen or len(found) == 100
    # The page excludes the ends, the framework behind the service is known to include them.
    target.learn(f"the first end of {name}__range is in it", first in seen, False)


@pytest.mark.parametrize("moment", ["2019-09-02T15:38:32Z", "2019-09-02T15:38:32.123Z", "2019-09-02"])
async def test_a_moment_may_be_written_in_several_ways(target: Target, moment: str) -> None:
    got = await target.ask("GET", f"/api/v2/projects/?limit=1&modified__gt={moment}")

    assert got.status == 200 or not moment.endswith("32Z")
    target.learn(f"modified__gt={moment}", got.status, 200)


async def test_an_invalid_time_is_refused(target: Target) -> None:
    got = await target.ask("GET", "/api/v2/projects/?limit=1&modified__gt=yesterday")

    target.learn("modified__gt=yesterday", got.status, 400)


async def test_filters_are_combined_with_and(target: Target) -> None:
    project = (await target.some("/api/v2/projects/"))[0]
    future = (datetime.now(UTC) + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert await total(target, "/api/v2/projects/", title=project["title"], modified__gt=future) == 0


async def test_files_are_found_by_parent(target: Target) -> None:
    file = next((each for each in await target.some("/api/v2/files/") if each.get("parent")), None)
    if file is None:
        target.lacks("files with a parent")

    found = await target.some("/api/v2/files/", limit=100, parent=file["parent"])

    assert {each["parent"] for each in found} == {file["parent"]}


@pytest.mark.parametrize("cut", [None, 5])
async def test_contacts_are_found_by_identifier(target: Target, cut: int | None) -> None:
    contact = next((each for each in await target.some("/api/v2/contacts/") if each.get("identifier")), None)
    if contact is None:
        target.lacks("contacts with an identifier")
    name, wanted = (
        ("identifier__startswith", contact["identifier"][:cut])
        if cut
        else ("identifier", contact["identifier"])
    )

    found = await target.some("/api/v2/contacts/", limit=100, **{name: wanted})

    assert contact["id"] in {each["id"] for each in found} or len(found) == 100
    assert all(each["identifier"].startswith(wanted) for each in found)


@pytest.mark.parametrize("noun", ["projects", "tasks"])
async def test_projects_and_tasks_are_found_by_contact(target: Target, noun: str) -> None:
    path = f"/api/v2/{noun}/"
    linked = [each for each in await target.some(path, limit=100) if each.get("associated_contacts_id")]
    if not linked:
        target.lacks(f"{noun} with a contact")
    contact = linked[0]["associated_contacts_id"][0]

    found = await target.some(path, limit=100, associated_contacts_id=contact)

    assert all(contact in each["associated_contacts_id"] for each in found)
