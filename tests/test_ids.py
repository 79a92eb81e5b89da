"""Ids as strings or as objects, at every verb of both clients."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from attrs import frozen

from coredata_async import ConfigurationError, Upload
from coredata_async.archive import Archive
from coredata_async.bulk import Selection, UploadJob, check
from coredata_async.bulk.options import FileAttributes
from coredata_async.fivepm import FivePM
from coredata_async.fivepm.models.work_items import EditTask, TaskFilter
from coredata_async.fivepm.request_style import RequestStyle, key
from coredata_async.ids import canonical_id, id_of
from coredata_async.resources.files import FileWhere
from coredata_async.sandbox import Sandbox
from coredata_async.wire.files import NewFile


@frozen
class Thing:
    """An object that was read."""

    id: str


def test_all_notations_of_a_uuid_are_one_id_and_other_ids_stay_as_they_are():
    uuid = "e139a8ac-7368-11ee-b962-0242ac120002"
    for text in (uuid.upper(), f"{{{uuid}}}", f"urn:uuid:{uuid}", uuid.replace("-", ""), Thing(uuid)):
        assert canonical_id(text) == uuid
    for text in ("P1", uuid[:-1], f"{uuid}0", f"x{uuid}", f"{uuid}/", "{}", ""):
        assert canonical_id(text) == text


def test_an_id_is_text_or_of_an_object():
    assert (id_of("a"), id_of(Thing("b"))) == ("a", "b")
    for odd in (None, 7, Thing(7), ["a"]):
        with pytest.raises(ConfigurationError, match="the parent must be a string, or an object with an id"):
            id_of(odd, "parent")


async def test_every_verb_takes_the_object(client, box):
    project = await client.projects.get(box.project)
    space = await client.spaces.get(box.space)
    second = Thing(await client.projects.create(space=space, title="Second"))
    up = await client.files.upload(b"a", parent=project, filename="a")
    file = await client.files.get(up.file_id)
    contact = Thing(await client.contacts.create(title="Leia"))

    await client.projects.update(project, title="Board", space=space)
    await client.projects.add_contact(project, contact)
    await client.files.replace(file, b"new")
    await client.files.update(file, title="b")
    await client.files.move(file, parent=second)
    async with client.files.download(file) as body:
        assert await body.read() == b"new"
    async with client.files.upload_many([Upload(source=b"b", filename="b", parent=second)]) as outcomes:
        (other,) = [outcome async for outcome in outcomes]
    async with client.files.upload_many([Upload(source=b"c", filename="c")], parent=second) as outcomes:
        assert [outcome.filename async for outcome in outcomes] == ["c"]

    assert (await client.projects.get(project)).contacts == (contact.id,)
    assert {each.title for each in await client.projects.files(second).collect()} == {"b", "c"}
    assert (await client.contacts.projects(contact).first()).id == project.id
    await client.files.delete(Thing(other.file_id))
    await client.projects.delete(second)
    assert {each.id for each in await client.projects.list().collect()} == {project.id}


async def test_a_user_is_read_by_its_own_key(client):
    me = await client.me()

    assert (await client.users.get(me)).username == me.username


async def test_the_second_client_takes_objects(box):
    async with FivePM(box.fivepm.url, login=box.fivepm.login, password=box.fivepm.password) as pm:
        group = await pm.groups.add(name="Clients")
        project = await pm.projects.add(name="Audit", group_id=group)
        task = await pm.tasks.add(name="x", project_id=project)

        assert (await pm.tasks.get(task)).project_id == project.id
        assert [each.id for each in await pm.tasks.list(project_id=project).collect()] == [task.id]
        assert (await pm.tasks.update(task, name="y")).name == "y"
        await pm.tasks.remove(task)


def test_fields_of_the_second_service_hold_ids_not_objects():
    written = RequestStyle().encode(EditTask(project_id=Thing("7"), team=[Thing("1"), "2"]))

    assert (written["projectId"], written["team"]) == ("7", ["1", "2"])
    assert "7" in RequestStyle().encode(TaskFilter(project_id=Thing("7"))).values()
    assert key(Thing("9")) == "9"
    for odd in ("", None, Thing("")):
        with pytest.raises(ConfigurationError, match="must be a non-empty text"):
            key(odd)


def test_an_age_is_a_point_in_time_that_stays():
    before = datetime.now(UTC)
    where = FileWhere(modified__gt=timedelta(days=7))

    assert before - timedelta(days=7) <= where.modified__gt <= datetime.now(UTC) - timedelta(days=7)
    assert FileWhere(modified__gt=date(2026, 1, 2)).modified__gt == date(2026, 1, 2)
    assert FileWhere().created__lte is None


def test_a_selection_takes_points_in_time_and_ages():
    when = datetime(2026, 1, 2, tzinfo=UTC)

    assert Selection(newer_than=when, older_than=5.0) == Selection(
        newer_than=date(2026, 1, 2), older_than=5.0
    )
    assert Selection(newer_than=when).newer_than == when.timestamp()
    age = Selection(older_than=timedelta(hours=1)).older_than
    assert abs(datetime.now(UTC).timestamp() - 3600 - age) < 60
    with pytest.raises(ConfigurationError, match="has no time zone"):
        Selection(newer_than=datetime(2026, 1, 2))


async def test_contacts_are_ids_or_objects_in_every_way_to_create_a_file(client, box):
    """The typed signatures say so, and a state that is stored as JSON contains ids alone."""
    han, luke = await client.contacts.get(box.state.add_contact("Han")), box.state.add_contact("Luke")
    more = {"parent": box.project, "dynatype": "Memo", "contacts": [han, luke]}

    up = await client.files.upload(b"x", filename="a.txt", **more)
    async with client.files.upload_many([Upload(source=b"y", filename="b.txt", **more)]) as outcomes:
        others = [outcome.file_id async for outcome in outcomes]
    new = client.files.steps.new_file(filename="c.txt", **more)

    found = {file.id async for file in client.files.list(associated_contacts_id=han)}
    assert found == {up.file_id, *others}
    assert new.to_dict()["contacts"] == [han.id, luke]
    assert NewFile.from_dict(new.to_dict()) == new
    assert FileAttributes(contacts=[han, luke]).contacts == (han.id, luke)


@pytest.mark.parametrize("make", [FileAttributes, partial(NewFile, filename="a", title="a", parent="p")])
@pytest.mark.parametrize("name", ["contacts", "tags"])
def test_a_single_string_is_not_a_list_of_contacts_or_tags(make, name):
    with pytest.raises(ConfigurationError, match=f"{name} takes a list of strings, not one string"):
        make(**{name: "c1"})
    with pytest.raises(ConfigurationError, match=f"the {name} must be a string, or an object with an id"):
        make(**{name: [1]})


async def test_the_parent_of_a_tree_is_text_or_an_object(tmp_path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/a.txt").write_bytes(b"a")
    async with Sandbox() as box, box.client() as client:
        project = await client.projects.get(box.project)
        report = await UploadJob(
            client, sources=tmp_path / "tree", parent=project, journal=tmp_path / "j.sqlite"
        ).run()
        compared = [each async for each in check(client, sources=tmp_path / "tree", parent=project)]
        archive = Archive(
            pm=FivePM("acme", login="l", password="p"), client=client, project="7", parent=project
        )

    assert report.counts.done == 1
    assert [each.symbol for each in compared] == ["="]
    assert (archive.project, archive.parent) == ("7", box.project)
