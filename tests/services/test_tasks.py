"""Service of tasks, against a sandbox: every field is written and read back."""

from datetime import UTC, date, datetime, timedelta

import pytest

from coredata_async.errors import BadRequestError, ConfigurationError, NotFoundError

FIELDS = {
    "aspects": {"url": {"url": "www.example.is"}},
    "description": "þing",
    "due_date": date(2026, 2, 1),
    "status": "task_status:Pending:",
    "status_message": "waiting",
    "tags": ("one", "one, long tag"),
}
OTHERS = {
    "aspects": {"url": {"url": "www.example.org"}},
    "description": "other",
    "due_date": date(2027, 3, 2),
    "status": "task_status:Closed:",
    "status_message": "done",
    "tags": ("two",),
}
EMPTY = {
    "aspects": {},
    "description": "",
    "due_date": None,
    "status_message": "",
    "tags": (),
    "contacts": (),
    "associated_users": (),
    "responsible_users": (),
}


@pytest.fixture
async def task(client, box):
    contact = box.state.add_contact("Leia")
    return await client.tasks.create(
        project=box.project,
        title="Read it",
        contacts=[contact],
        associated_users=["leia"],
        responsible_users=["padme", "rey"],
        **FIELDS,
    )


async def test_a_task_that_is_created_comes_back_field_by_field(client, box, task) -> None:
    found = await client.tasks.get(task)

    assert {name: getattr(found, name) for name in FIELDS} == FIELDS
    assert (found.id, found.type, found.title) == (task, "Task", "Read it")
    assert found.project is not None
    assert found.project.id == box.project
    assert found.space is not None
    assert found.space.id == box.space
    assert [user.username for user in found.associated_users] == ["leia"]
    assert [user.username for user in found.responsible_users] == ["padme", "rey"]
    assert len(found.contacts) == 1
    assert found.extra == {}


async def test_a_task_that_says_only_the_least(client, box) -> None:
    found = await client.tasks.get(await client.tasks.create(project=box.project, title="t"))

    assert {name: getattr(found, name) for name in EMPTY} == EMPTY
    assert found.status.list == "task_status"


@pytest.mark.parametrize("name", OTHERS)
async def test_an_update_changes_one_field_and_leaves_the_others(client, task, name: str) -> None:
    before = await client.tasks.get(task)

    await client.tasks.update(task, **{name: OTHERS[name]})

    after = await client.tasks.get(task)
    assert getattr(after, name) == OTHERS[name]
    assert {each: getattr(after, each) for each in FIELDS if each != name} == {
        each: value for each, value in FIELDS.items() if each != name
    }
    assert after.contacts == before.contacts
    assert after.responsible_users == before.responsible_users
    assert after.snapshot_id != before.snapshot_id


@pytest.mark.parametrize("name", EMPTY)
async def test_none_clears_a_field_and_no_other(client, task, name: str) -> None:
    before = await client.tasks.get(task)

    await client.tasks.update(task, **{name: None})

    after = await client.tasks.get(task)
    assert getattr(after, name) == EMPTY[name]
    others = EMPTY.keys() - {name}
    assert {each: getattr(after, each) for each in others} == {each: getattr(before, each) for each in others}


async def test_users_go_in_as_names_and_come_out_as_people(client, task) -> None:
    await client.tasks.update(task, responsible_users=["leia"])

    (user,) = (await client.tasks.get(task)).responsible_users

    assert (user.username, user.first_name, user.last_name) == ("leia", "Leia", "Organa")


async def test_a_deleted_task_is_gone(client, task) -> None:
    await client.tasks.delete(task)

    with pytest.raises(NotFoundError):
        await client.tasks.get(task)
    with pytest.raises(NotFoundError):
        await client.tasks.delete(task)


async def test_tasks_are_found_by_title_contact_and_date(client, box, task) -> None:
    other = await client.tasks.create(project=box.project, title="Write it")
    (contact,) = (await client.tasks.get(task)).contacts

    async def ids(**where: object) -> list[str]:
        return [each.id async for each in client.tasks.list(**where)]

    assert await ids() == [task, other]
    assert await ids(title="Write it") == [other]
    assert await ids(title__startswith="Read") == [task]
    assert await ids(associated_contacts_id=contact) == [task]
    assert await ids(created__gt=datetime.now(UTC) + timedelta(minutes=1)) == []
    assert await ids(modified__lte=datetime.now(UTC) + timedelta(minutes=1)) == [task, other]


async def test_the_tasks_of_a_project_and_of_a_contact_are_listed_inside_it(client, box, task) -> None:
    elsewhere = await client.projects.create(space=box.space, title="Elsewhere")
    await client.tasks.create(project=elsewhere, title="Another")
    (contact,) = (await client.tasks.get(task)).contacts

    assert [each.id async for each in client.projects.tasks(box.project)] == [task]
    assert [each.id async for each in client.contacts.tasks(contact)] == [task]


async def test_a_task_in_no_project_is_refused(client) -> None:
    with pytest.raises(BadRequestError, match="project"):
        await client.tasks.create(project="nowhere", title="t")


async def test_an_empty_id_sends_nothing(client, box) -> None:
    for verb in (client.tasks.get, client.tasks.delete, client.tasks.update):
        with pytest.raises(ConfigurationError, match="'' is not a valid id"):
            await verb("")

    assert not box.state.requests
