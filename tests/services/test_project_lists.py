"""Changes to a project's lists, and every field of a project: written, read, changed, cleared."""

import asyncio
from datetime import date

import pytest

from coredata_async.errors import BadRequestError, ConfigurationError, CoreDataError, NotFoundError

FIELDS = {
    "aspects": {"kkscode": {"kks_code": ["COD____"]}},
    "description": "þing",
    "due_date": date(2026, 2, 1),
    "status": "project_status:Pending:",
    "status_message": "waiting",
    "tags": ("one", "one, long tag"),
    "fileplan": "2f2672e8-71cf-11ee-848e-47ba9faefc74",
}
OTHERS = {
    "aspects": {"url": {"url": "www.azazo.com"}},
    "description": "other",
    "due_date": date(2027, 3, 2),
    "status": "project_status:Closed:",
    "status_message": "done",
    "tags": (),
    "fileplan": "3f2672e8-71cf-11ee-848e-47ba9faefc74",
}
EMPTY = {
    "aspects": {},
    "description": "",
    "due_date": None,
    "status_message": "",
    "tags": (),
    "fileplan": "",
    "contacts": (),
    "associated_users": (),
    "responsible_users": (),
}


@pytest.fixture
async def contacts(box):
    return [box.state.add_contact(f"C{n}") for n in range(3)]


@pytest.fixture
async def project(client, box, contacts):
    return await client.projects.create(
        space=box.space,
        title="Board",
        contacts=contacts[:2],
        associated_users=["leia"],
        responsible_users=["padme", "rey"],
        sub_project_of=[],
        template="2f2672e8-71cf-11ee-848e-47ba9faefc74",
        **FIELDS,
    )


def requests(box, since: int = 0) -> list[str]:
    return [each.operation for each in list(box.state.requests)[since:]]


async def test_a_project_that_is_created_comes_back_field_by_field(client, box, project, contacts) -> None:
    found = await client.projects.get(project)

    assert {name: getattr(found, name) for name in FIELDS} == FIELDS
    assert (found.id, found.type, found.title) == (project, "Project", "Board")
    assert found.space is not None
    assert found.space.id == box.space
    assert found.contacts == found.associated_contacts_id == tuple(contacts[:2])
    assert [user.username for user in found.associated_users] == ["leia"]
    assert [user.username for user in found.responsible_users] == ["padme", "rey"]
    assert found.extra == {}


@pytest.mark.parametrize("name", OTHERS)
async def test_an_update_changes_one_field_and_leaves_the_others(client, project, name: str) -> None:
    before = await client.projects.get(project)

    await client.projects.update(project, **{name: OTHERS[name]})

    after = await client.projects.get(project)
    assert getattr(after, name) == OTHERS[name]
    others = (FIELDS.keys() | EMPTY.keys()) - {name}
    assert {each: getattr(after, each) for each in others} == {each: getattr(before, each) for each in others}


@pytest.mark.parametrize("name", EMPTY)
async def test_none_clears_a_field_and_no_other(client, project, name: str) -> None:
    before = await client.projects.get(project)

    await client.projects.update(project, **{name: None})

    after = await client.projects.get(project)
    assert getattr(after, name) == EMPTY[name]
    others = EMPTY.keys() - {name}
    assert {each: getattr(after, each) for each in others} == {each: getattr(before, each) for each in others}


async def test_an_update_of_nothing_leaves_everything(client, project) -> None:
    before = await client.projects.get(project)

    await client.projects.update(project)

    after = await client.projects.get(project)
    assert {name: getattr(after, name) for name in FIELDS} == {name: getattr(before, name) for name in FIELDS}


async def test_adding_a_contact_keeps_the_others_and_their_order_in_two_exchanges(
    client, box, project, contacts
) -> None:
    before = len(box.state.requests)

    await client.projects.add_contact(project, contacts[2])

    assert requests(box, before) == ["projects.get", "projects.update"]
    assert (await client.projects.get(project)).contacts == tuple(contacts)


async def test_removing_a_contact_keeps_the_others_in_two_exchanges(client, box, project, contacts) -> None:
    before = len(box.state.requests)

    await client.projects.remove_contact(project, contacts[0])

    assert requests(box, before) == ["projects.get", "projects.update"]
    assert (await client.projects.get(project)).contacts == (contacts[1],)


async def test_the_last_contact_can_be_removed(client, project, contacts) -> None:
    await client.projects.remove_contact(project, contacts[0])
    await client.projects.remove_contact(project, contacts[1])

    assert (await client.projects.get(project)).contacts == ()


async def test_what_changes_nothing_is_not_written(client, box, project, contacts) -> None:
    before = await client.projects.get(project)

    await client.projects.add_contact(project, contacts[0])
    await client.projects.remove_contact(project, contacts[2])
    await client.projects.add_tags(project, "one")
    await client.projects.add_tags(project)
    await client.projects.remove_tags(project, "missing")
    await client.projects.add_users(project, "leia")
    await client.projects.add_users(project, "rey", "padme", responsible=True)
    await client.projects.remove_users(project, "rey")

    assert box.state.count("projects.update") == 0
    assert await client.projects.get(project) == before


async def test_tags_are_added_at_the_end_and_once(client, project) -> None:
    await client.projects.add_tags(project, "two", "one", "two", "three")

    assert (await client.projects.get(project)).tags == ("one", "one, long tag", "two", "three")


async def test_tags_are_removed_wherever_they_are(client, project) -> None:
    await client.projects.add_tags(project, "two", "three")

    await client.projects.remove_tags(project, "one", "two", "missing")

    assert (await client.projects.get(project)).tags == ("one, long tag", "three")


@pytest.mark.parametrize("responsible", [False, True])
async def test_users_are_added_and_removed_by_name(client, project, responsible: bool) -> None:
    async def names() -> list[list[str]]:
        found = await client.projects.get(project)
        return [
            [user.username for user in found.associated_users],
            [user.username for user in found.responsible_users],
        ]

    untouched = (await names())[not responsible]

    await client.projects.add_users(project, "administrator", responsible=responsible)
    assert (await names())[responsible][-1] == "administrator"
    await client.projects.remove_users(project, "leia", "padme", responsible=responsible)

    assert (await names())[responsible] == (["rey", "administrator"] if responsible else ["administrator"])
    assert (await names())[not responsible] == untouched


async def test_fifty_contacts_added_at_once_by_one_client_all_survive(client, box) -> None:
    added = [box.state.add_contact(f"C{n}") for n in range(50)]

    async with asyncio.TaskGroup() as group:
        for contact in added:
            group.create_task(client.projects.add_contact(box.project, contact))

    assert (await client.projects.get(box.project)).contacts == tuple(added)
    assert box.state.count("projects.update") == 50


async def test_fifty_changes_to_different_lists_do_not_undo_each_other(client, box) -> None:
    contacts = [box.state.add_contact(f"C{n}") for n in range(25)]

    async with asyncio.TaskGroup() as group:
        for number, contact in enumerate(contacts):
            group.create_task(client.projects.add_contact(box.project, contact))
            group.create_task(client.projects.add_tags(box.project, f"t{number}"))

    found = await client.projects.get(box.project)
    assert found.contacts == tuple(contacts)
    assert found.tags == tuple(f"t{n}" for n in range(25))


async def test_projects_do_not_wait_for_each_other(client, box) -> None:
    other = await client.projects.create(space=box.space, title="Other")
    box.faults.delay("projects.update", 0.3, times=1)
    ended: list[str] = []

    async def tagged(project: str) -> None:
        await client.projects.add_tags(project, "x")
        ended.append(project)

    async with asyncio.TaskGroup() as group:
        group.create_task(tagged(box.project))
        group.create_task(tagged(box.project))
        await asyncio.sleep(0.1)
        group.create_task(tagged(other))

    assert ended == [other, box.project, box.project]


async def test_the_copies_of_a_client_wait_for_each_other(client, box) -> None:
    copy = client.with_options(headers={"X-Copy": "1"})

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task((copy if number % 2 else client).projects.add_tags(box.project, str(number)))

    assert set((await client.projects.get(box.project)).tags) == {str(number) for number in range(20)}


async def test_a_list_that_was_not_read_is_not_overwritten(client, box) -> None:
    await client.projects.add_tags(box.project, "kept")
    box.faults.hide("projects.get", "tags")

    with pytest.raises(CoreDataError, match="read without its tags"):
        await client.projects.add_tags(box.project, "new")

    assert (await client.projects.get(box.project)).tags == ("kept",)


async def test_an_empty_name_is_refused_before_anything_is_sent(client, box) -> None:
    for change in (
        client.projects.add_contact(box.project, ""),
        client.projects.add_tags(box.project, "a", " "),
    ):
        with pytest.raises(ConfigurationError, match="empty string"):
            await change

    assert box.state.count("projects.get") == 0


async def test_no_lock_is_kept_for_a_project_that_is_not_being_changed(client, box) -> None:
    await client.projects.add_tags(box.project, "one")

    assert not client.projects._locks


async def test_a_cancelled_change_lets_the_next_one_through(client, box) -> None:
    first = asyncio.ensure_future(client.projects.add_tags(box.project, "first"))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(client.projects.add_tags(box.project, "second"))
    first.cancel()

    await second

    assert first.cancelled() or first.done()
    assert "second" in (await client.projects.get(box.project)).tags


async def test_a_change_that_is_refused_changes_nothing(client, project, contacts) -> None:
    with pytest.raises(BadRequestError, match="contacts"):
        await client.projects.add_contact(project, "missing")

    assert (await client.projects.get(project)).contacts == tuple(contacts[:2])
    await client.projects.add_contact(project, contacts[2])


async def test_a_change_to_no_project_is_reported(client) -> None:
    with pytest.raises(NotFoundError):
        await client.projects.add_tags("d4de3d64-77ca-11ee-a3a4-ef9b9d43eefb", "x")


async def test_what_is_in_a_project_is_listed_inside_it(client, box, project) -> None:
    folder = await client.folders.create(title="Minutes", parent=project)
    up = await client.files.upload(b"x", parent=folder, filename="a.txt")
    task = await client.tasks.create(project=project, title="Read it")

    assert [each.id async for each in client.projects.folders(project)] == [folder]
    assert [each.id async for each in client.projects.files(project)] == [up.file_id]
    assert [each.id async for each in client.projects.tasks(project)] == [task]
    assert [each.id async for each in client.spaces.projects(box.space)] == [box.project, project]
    assert await client.projects.files(box.project).collect() == []


@pytest.mark.parametrize("dynatype", ["Memo", "Report"])
async def test_a_files_contacts_are_linked_and_replaced_and_never_shown(
    client, project, contacts, dynatype: str
) -> None:
    up = await client.files.upload(
        b"x", parent=project, filename="a.txt", dynatype=dynatype, contacts=contacts[:2]
    )
    assert [each.id async for each in client.contacts.files(contacts[1])] == [up.file_id]

    await client.files.update(up.file_id, contacts=contacts[2:])

    assert await client.contacts.files(contacts[1]).count() == 0
    assert [each.id async for each in client.contacts.files(contacts[2])] == [up.file_id]
    found = await client.files.get(up.file_id)
    assert "contacts" not in found.extra
    assert found.dynatype is not None
    assert found.dynatype.title == dynatype


async def test_clearing_a_files_contacts_and_tags_leaves_the_rest(client, project, contacts) -> None:
    up = await client.files.upload(
        b"x", parent=project, filename="a.txt", dynatype="Memo", contacts=contacts[:1], tags=["one", "two"]
    )

    await client.files.update(up.file_id, contacts=None, tags=None)

    found = await client.files.get(up.file_id)
    assert (found.tags, found.filename, found.title, found.size) == ((), "a.txt", "a", 1)
    assert await client.contacts.files(contacts[0]).count() == 0
