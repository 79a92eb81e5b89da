"""Projects, end to end."""

from datetime import UTC, date, datetime, timedelta

import pytest

from coredata_async import (
    BadRequestError,
    ConfigurationError,
    NotFoundError,
    OutcomeUnknownError,
)


@pytest.fixture
async def many(client, box):
    """Create twelve projects besides the existing one."""
    return [await client.projects.create(space=box.space, title=f"Board {number}") for number in range(12)]


async def test_one_is_made_with_everything(client, box):
    contacts = [box.state.add_contact("Han"), box.state.add_contact("Chewbacca")]
    made = await client.projects.create(
        space=box.space,
        title="Ársfundur",
        description="Once a year",
        due_date=date(2026, 5, 1),
        tags=["a", "b, c"],
        contacts=contacts,
        responsible_users=["leia"],
        status="project_status:Pending:",
        aspects={"url": {"url": "www.example.is"}},
    )

    project = await client.projects.get(made)
    assert (project.title, project.description, project.tags) == ("Ársfundur", "Once a year", ("a", "b, c"))
    assert (project.due_date, project.contacts) == (date(2026, 5, 1), tuple(contacts))
    assert project.responsible_users[0].first_name == "Leia"
    assert project.space.id == box.space
    assert project.status == "project_status:Pending:"
    assert project.aspects == {"url": {"url": "www.example.is"}}


async def test_only_what_is_given_is_changed(client, box):
    made = await client.projects.create(
        space=box.space, title="Before", tags=["t"], due_date=date(2026, 5, 1)
    )
    before = await client.projects.get(made)

    await client.projects.update(made, title="After", due_date=None)

    after = await client.projects.get(made)
    assert (after.title, after.due_date, after.tags) == ("After", None, ("t",))
    assert after.snapshot_id != before.snapshot_id


async def test_one_is_deleted_and_stays_so(client, box):
    made = await client.projects.create(space=box.space, title="Gone")

    await client.projects.delete(made)

    for verb in (client.projects.get, client.projects.delete):
        with pytest.raises(NotFoundError):
            await verb(made)


async def test_a_deletion_whose_answer_is_lost_is_done(client, box):
    made = await client.projects.create(space=box.space, title="Gone")
    box.faults.reset_after("projects.delete")

    await client.projects.delete(made)

    assert made not in box.state.documents


async def test_a_creation_whose_answer_is_lost_is_not_repeated(client, box):
    box.faults.reset_after("projects.create")

    with pytest.raises(OutcomeUnknownError, match="check before"):
        await client.projects.create(space=box.space, title="Perhaps")

    assert box.state.count("projects.create") == 1


async def test_what_the_server_refuses_is_reported_in_its_words(client):
    with pytest.raises(BadRequestError, match=r"Space .* does not exist"):
        await client.projects.create(space="2bb7fb5e-8ef6-11e6-89e1-87ce876944be", title="x")


@pytest.mark.parametrize("mode", ["always", "never", "same"])
@pytest.mark.parametrize("size", [1, 5, 13, 100, None])
@pytest.mark.parametrize("prefetch", [0, 3])
async def test_every_one_comes_once_whatever_next_says(client, box, many, *, mode, size, prefetch):
    box.faults.lying_next("projects.list", mode, times=None)

    pages = client.projects.list(page_size=size).pages(prefetch=prefetch)

    assert [each.id async for page in pages for each in page.items] == [box.project, *many]


@pytest.mark.usefixtures("many")
async def test_filters_narrow_the_list(client, box):
    assert len(await client.projects.list(title__startswith="Board 1").collect()) == 3
    assert len(await client.projects.list(title="Board 1").collect()) == 1
    assert await client.projects.list(title="board").first() is None
    assert await client.projects.list(title__startswith="Board").count() == 12


async def test_dates_narrow_the_list(client, box, many):
    now = datetime.now(UTC)
    ago = now - timedelta(hours=1)

    async def ids(**where):
        return [each.id for each in await client.projects.list(**where).collect()]

    assert await ids(created__gt=ago) == [box.project, *many]
    assert await ids(created__lt=ago) == []
    assert await ids(created__range=(ago, now + timedelta(hours=1))) == [box.project, *many]
    assert await ids(modified__lte=date(2001, 1, 1)) == []


async def test_a_date_without_a_zone_is_refused(client):
    with pytest.raises(ConfigurationError, match="time zone"):
        await client.projects.list(created__gt=datetime(2026, 1, 1))


async def test_the_files_in_one_are_its_own(client, box):
    other = await client.projects.create(space=box.space, title="Other")
    mine = await client.files.upload(b"x", parent=other, filename="mine")
    await client.files.upload(b"x", parent=box.project, filename="not mine")

    assert [each.id for each in await client.projects.files(other).collect()] == [mine.file_id]


async def test_a_page_can_be_awaited(client, many):
    page = await client.projects.list(page_size=5)

    assert (len(page.items), page.total, page.offset) == (5, 13, 0)


@pytest.mark.parametrize("verb", ["get", "update", "delete", "files"])
@pytest.mark.parametrize("key", ["", "a/b", "..", " "])
async def test_an_id_that_is_none_never_leaves(client, box, verb, key):
    with pytest.raises(ConfigurationError, match="is not a valid id"):
        await getattr(client.projects, verb)(key)

    assert not box.state.requests


async def test_200_where_201_is_expected_leaves_the_outcome_unknown(client, box):
    box.faults.status("projects.create", 200)

    with pytest.raises(OutcomeUnknownError, match="201 was expected"):
        await client.projects.create(space=box.space, title="x")


@pytest.mark.parametrize(
    "fields", [{"title": ""}, {"title": " "}, {"title": None}, {"space": ""}, {"space": None}]
)
async def test_a_mandatory_field_is_neither_empty_nor_cleared(client, box, fields):
    made = box.state.count("projects.create")

    with pytest.raises(ConfigurationError, match=next(iter(fields))):
        await client.projects.create(**{"space": box.space, "title": "x", **fields})
    with pytest.raises(ConfigurationError, match=next(iter(fields))):
        await client.projects.update(box.project, **fields)

    assert box.state.count("projects.create") == made
    assert box.state.count("projects.update") == 0


@pytest.mark.parametrize("status", ["Pending", "project_status", "project_status:Pending", "", ":Pending:"])
async def test_a_status_has_the_form_of_a_value_list(client, box, status):
    with pytest.raises(ConfigurationError, match="project_status:Pending:"):
        await client.projects.update(box.project, status=status)

    assert box.state.count("projects.update") == 0


async def test_fields_as_read_can_be_sent_back(client, box):
    await client.projects.add_users(box.project, "administrator", responsible=True)
    now = await client.projects.get(box.project)

    new = await client.projects.create(
        space=now.space, title="copy", responsible_users=now.responsible_users, contacts=now.contacts
    )
    await client.projects.update(
        now, responsible_users=now.responsible_users, status="project_status:Closed:"
    )
    copy = await client.projects.get(new)

    assert copy.space == now.space
    assert [user.username for user in copy.responsible_users] == ["administrator"]
    assert (await client.projects.get(now)).status == "project_status:Closed:"


async def test_an_object_with_an_id_stands_for_its_id(client, box):
    project = await client.projects.get(box.project)

    folder = await client.folders.create(title="f", parent=project)
    up = await client.files.upload(b"x", parent=await client.folders.get(folder), filename="x.txt")
    listed = await client.files.list(parent=await client.folders.get(folder)).collect()

    assert [file.id for file in listed] == [up.file_id]
    assert await client.projects.folders(project).count() == 1


async def test_an_unknown_keyword_is_named_with_the_verb_and_a_suggestion(client, box):
    with pytest.raises(TypeError) as caught:
        await client.projects.create(space=box.space, titel="x")

    assert str(caught.value) == (
        "projects.create() got an unexpected keyword argument 'titel'; did you mean 'title'?"
    )


async def test_a_missing_keyword_is_named_with_the_verb(client, box):
    with pytest.raises(TypeError, match=r"^projects\.create\(\) lacks the keyword argument 'title'$"):
        await client.projects.create(space=box.space)


def test_a_filter_without_meaning_names_the_filters_that_exist(client):
    with pytest.raises(TypeError, match=r"^projects\.list\(\) got .* 'zzz'; it takes page_size, "):
        client.projects.list(zzz=1)


@pytest.mark.parametrize("name", ["created__gt", "created__gte", "modified__lt", "modified__lte"])
def test_a_comparison_of_times_takes_a_time(client, name):
    with pytest.raises(ConfigurationError, match=f"{name} must be a datetime with a time zone, or a date"):
        client.projects.list(**{name: "yesterday"})
