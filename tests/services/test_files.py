"""Files, end to end: metadata and parents."""

from datetime import UTC, datetime, timedelta

import pytest

from coredata_async import BadRequestError, ConfigurationError, NotFoundError, OutcomeUnknownError


@pytest.fixture
async def file(client, box):
    up = await client.files.upload(b"abc", parent=box.project, filename="a.txt", dynatype="Memo", tags=["t"])
    return await client.files.get(up.file_id)


async def test_a_file_says_what_it_is(client, box, file):
    assert (file.filename, file.title, file.size, file.mime_type) == ("a.txt", "a", 3, "text/plain")
    assert file.project.id == box.project
    assert file.parent != box.project  # it is in the project's workspace
    assert datetime.now(UTC) - file.created < timedelta(minutes=1)


async def test_only_what_is_given_is_changed(client, file):
    await client.files.update(file.id, title="New title")

    now = await client.files.get(file.id)
    assert (now.title, now.filename, now.parent, now.tags) == ("New title", "a.txt", file.parent, ("t",))
    assert now.dynatype.title == "Memo"


async def test_a_change_does_not_move_a_file_that_was_moved(client, box, file):
    folder = box.state.add_folder("Folder", box.project)
    await client.files.move(file.id, parent=folder)

    await client.files.update(file.id, title="Still here")

    assert (await client.files.get(file.id)).parent == folder


async def test_a_move_keeps_the_content(client, box, file):
    folder = box.state.add_folder("Folder", box.project)

    await client.files.move(file.id, parent=folder)

    now = await client.files.get(file.id)
    assert (now.parent, now.digest, now.title) == (folder, file.digest, file.title)
    assert [each.id for each in await client.files.list(parent=folder).collect()] == [file.id]


async def test_tags_and_contacts_are_joined(client, box, file):
    han, luke = box.state.add_contact("Han"), box.state.add_contact("Luke")

    await client.files.update(file.id, tags=["one", "two words"], contacts=[han, luke])

    assert (await client.files.get(file.id)).tags == ("one", "two words")
    assert [each.id for each in await client.files.list(associated_contacts_id=luke).collect()] == [file.id]


async def test_none_clears(client, box, file):
    han = box.state.add_contact("Han")
    await client.files.update(file.id, contacts=[han])
    await client.files.update(file.id, tags=None, contacts=None)

    assert (await client.files.get(file.id)).tags == ()
    assert await client.files.list(associated_contacts_id=han).count() == 0


async def test_contacts_of_a_file_without_a_named_dynatype_can_be_cleared(client, box, file):
    box.faults.hide("files.get", "dynatype")

    await client.files.update(file.id, contacts=None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tags": ["a,b"]}, "comma"),
        ({"tags": "ab"}, "list of strings"),
        ({"contacts": ["a,b"]}, "comma"),
        ({"contacts": ["c"], "dynatype": "File"}, "another dynatype"),
        ({"parent": ""}, "parent"),
        ({"parent": "a/b"}, "parent"),
        ({"title": ""}, "title must not be empty"),
    ],
)
async def test_what_cannot_be_expressed_is_refused(client, box, file, change, words):
    with pytest.raises(ConfigurationError, match=words):
        await client.files.update(file.id, **change)

    assert box.state.count("files.update") == 0


async def test_contacts_need_a_dynatype(client, box):
    han = box.state.add_contact("Han")
    up = await client.files.upload(b"x", parent=box.project, filename="x")

    with pytest.raises(ConfigurationError, match="another dynatype"):
        await client.files.update(up.file_id, contacts=[han])
    await client.files.update(up.file_id, contacts=[han], dynatype="Memo")

    assert await client.files.list(associated_contacts_id=han).count() == 1


async def test_a_move_to_nowhere_is_refused_by_the_server(client, file):
    with pytest.raises(BadRequestError, match="parent"):
        await client.files.move(file.id, parent="2bb7fb5e-8ef6-11e6-89e1-87ce876944be")


async def test_a_second_deletion_finds_nothing(client, file):
    await client.files.delete(file.id)

    with pytest.raises(NotFoundError):
        await client.files.delete(file.id)


async def test_a_deletion_whose_answer_is_lost_is_done(client, box, file):
    box.faults.reset_after("files.delete")

    await client.files.delete(file.id)

    assert not box.state.files


async def test_the_list_is_narrowed_by_the_server(client, box, file):
    await client.files.upload(b"x", parent=box.project, filename="Ársreikningur, 2026.pdf")

    assert await client.files.list(title="Ársreikningur, 2026").count() == 1
    assert await client.files.list(title__startswith="Ársr").count() == 1
    assert await client.files.list(parent=file.parent).count() == 2
    assert await client.files.list(created__gt=datetime.now(UTC) + timedelta(hours=1)).count() == 0


@pytest.fixture
async def blob(client, box):
    up = await client.files.upload(b"stored", parent=box.project, filename="first.txt")
    return up.blob_name


async def test_a_blob_becomes_a_file(client, box, blob):
    made = await client.files.create(
        blob_name=blob, filename="b.txt", title="B", parent=box.project, dynatype="Memo", tags=["x"]
    )

    assert await box.content(made) == b"stored"
    assert (await client.files.get(made)).tags == ("x",)


async def test_a_blob_is_never_registered_blindly_twice(client, box, blob):
    box.faults.reset_after("files.register")

    with pytest.raises(OutcomeUnknownError):
        await client.files.create(blob_name=blob, filename="b", title="B", parent=box.project)

    assert box.state.files_per_blob()[blob] == 2  # the fixture's own, and this one


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tags": "abc"}, "list of strings"),
        ({"contacts": "abc", "dynatype": "Memo"}, "list of strings"),
        ({"contacts": ["c"]}, "another dynatype"),
        ({"title": ""}, "title"),
        ({"filename": " "}, "filename"),
        ({"parent": ""}, "parent"),
        ({"blob_name": ""}, "blob_name"),
    ],
)
async def test_a_file_that_cannot_be_is_refused_at_once(client, box, fields, words):
    good = {"blob_name": "b" * 32, "filename": "b", "title": "B", "parent": box.project}

    with pytest.raises(ConfigurationError, match=words):
        await client.files.create(**{**good, **fields})

    assert not box.state.requests


@pytest.mark.parametrize("verb", ["get", "update", "delete", "download"])
@pytest.mark.parametrize("key", ["", "a/b", ".."])
async def test_an_id_that_is_none_never_leaves(client, box, verb, key):
    with pytest.raises(ConfigurationError, match="is not a valid id"):
        await getattr(client.files, verb)(key)

    assert not box.state.requests


async def test_an_update_with_all_mandatory_fields_is_one_request(client, box):
    up = await client.files.upload(b"x", parent=box.project, filename="x.txt")
    reads = box.state.count("files.get")

    await client.files.update(up.file_id, filename="y.txt", title="y", parent=box.project)

    assert (box.state.count("files.get") - reads, box.state.count("files.update")) == (0, 1)
    assert (await client.files.get(up.file_id)).filename == "y.txt"


@pytest.mark.parametrize(("filename", "slug"), [("a b.txt", "a b.txt"), ("ÞÓ%.txt", "%C3%9E%C3%93%25.txt")])
async def test_the_bytes_are_sent_with_the_file_name_as_slug(client, box, filename, slug):
    await client.files.upload(b"x", parent=box.project, filename=filename)

    (put,) = [seen for seen in box.state.requests if seen.operation == "storage.put"]
    assert put.headers["slug"] == slug
