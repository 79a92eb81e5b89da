"""Tests of the client against the sandbox: every service, files, options."""

import asyncio
import inspect
import os
from operator import attrgetter

import pytest
from attrs import evolve

from coredata_async import ConfigurationError, CoreDataError, NotFoundError, OutcomeUnknownError, Retry
from coredata_async.errors import APIError, AuthenticationError, TransferError, UnexpectedResponseError
from coredata_async.fivepm import Attachment, FivePM
from coredata_async.fivepm.methods import METHODS
from tests.rig import QUICK, once, some_bytes

MIB = 1 << 20


def client(box, **options):
    said = {"login": box.fivepm.login, "password": box.fivepm.password, "retry": QUICK}
    return FivePM(box.fivepm.url, **{**said, **options})


@pytest.fixture
async def pm(box):
    async with client(box) as pm:
        yield pm


@pytest.fixture
async def note(pm):
    project = await pm.projects.add(name="Audit")
    return await pm.activity.add(project_id=project.id, type="msg", text="see")


async def content(pm, file_id, **options):
    async with pm.activity.download(file_id, **options) as body:
        return await body.read()


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("post_params", ["body", "query", "split"])
async def test_every_service_answers(box, form, post_params):
    async with client(box, format=form, post_params=post_params) as pm:
        me = await pm.auth.user()
        group = await pm.groups.add(name="Clients")
        group = await pm.groups.update(group.id, name="Customers")
        project = await pm.projects.add(name="Audit", group_id=group.id, team=[me.id])
        task = await pm.tasks.add(name="x", project_id=project.id)
        task = await pm.tasks.update(task.id, name="y", description=None)
        note = await pm.activity.add(task_id=task.id, type="msg", text="…")
        await pm.activity.attach(note.id, [Attachment(source=b"abc", name="a.txt")])
        (file,) = await pm.activity.files(project_id=project.id)

        assert (await pm.groups.get(group.id)).name == "Customers"
        assert group.id in [each.id async for each in pm.groups.list()]
        assert await pm.projects.get(project.id) == project
        assert [each.id for each in await pm.projects.all()] == [project.id]
        assert [each.name async for each in pm.tasks.list(project_id=project.id)] == ["y"]
        assert [each.text for each in (await pm.activity.list(task_id=task.id)).items] == ["…"]
        assert await pm.users.get_by_email(me.email) == me
        assert len(await pm.users.list().collect()) == 3
        assert [each.id for each in await pm.metainfo.statuses()] == ["10", "20", "30"]
        assert len(await pm.metainfo.priorities()) == 4
        assert await content(pm, file.id) == b"abc"

        await pm.activity.remove_file(file.id)
        await pm.activity.remove(note.id)
        await pm.tasks.remove(task.id)
        await pm.projects.remove(project.id)
        with pytest.raises(NotFoundError):
            await pm.tasks.get(task.id)
    assert box.fivepm.sessions.opened == 1
    assert box.fivepm.sessions.count == 0  # signed out
    assert box.fivepm.emails == []


async def test_users_come_and_go(pm):
    new = await pm.users.add(first_name="Han", email="han@5pm.invalid", password="falcon", security_level=100)
    await pm.users.update(new.id, last_name="Solo")

    assert (await pm.users.get(new.id)).last_name == "Solo"
    await pm.users.remove(new.id)
    with pytest.raises(NotFoundError):
        await pm.users.get_by_email("han@5pm.invalid")


async def test_fifty_tasks_share_one_sign_in_and_the_next(pm, box):
    async def read_all():
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(pm.auth.user())

    await read_all()
    box.fivepm.expire_sessions()
    await read_all()

    assert box.fivepm.sessions.opened == 2


@pytest.mark.parametrize("files", ["base64", "multipart"])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 70_000, 3_000_001])
async def test_files_come_back_as_they_went(box, tmp_path, files, size):
    data = some_bytes(size)
    path = tmp_path / "a b[é] 100%.bin"
    path.write_bytes(data)
    async with client(box, files=files) as pm:
        project = await pm.projects.add(name="Audit")
        note = await pm.activity.add(project_id=project.id, type="msg", text="see")

        await pm.activity.attach(note.id, [path, Attachment(source=once(data, b"x"), name="stream")])

        first, second = sorted(await pm.activity.files(project_id=project.id), key=lambda each: int(each.id))
        assert (first.name, second.name) == (path.name, "stream")
        async with pm.activity.download(first.id) as body:
            assert body.size == size
            saved = await body.save(tmp_path / "out")
        assert saved.read_bytes() == data
        assert await content(pm, second.id) == data + b"x"
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([path.name, "out"])


@pytest.mark.parametrize("download", ["raw", "bare", "enveloped"])
@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("file_verb", ["post", "get"])
@pytest.mark.parametrize(
    "file",
    [("a.bin", bytes(range(256))), ("a.json", b'{"id": "1", "x": 2}'), ("a.xml", b"<data><id>9</id></data>")],
)
async def test_downloads_come_raw_or_in_an_envelope(box, download, form, file_verb, file):
    name, data = file
    box.fivepm.dialect = evolve(box.fivepm.dialect, download=download, file_verb=file_verb)
    async with client(box, format=form) as pm:
        project = await pm.projects.add(name="Audit")
        note = await pm.activity.add(project_id=project.id, type="msg", text="see")
        await pm.activity.attach(note.id, [Attachment(source=data, name=name)])
        (file,) = await pm.activity.files()

        assert await content(pm, file.id) == data
        await pm.activity.remove_file(file.id)
        assert await pm.activity.files() == ()
        with pytest.raises(NotFoundError):
            await content(pm, file.id)


async def test_a_description_is_not_taken_for_the_file(pm, box, note):
    await pm.activity.attach(note.id, [Attachment(source=b"abc", name="a")])
    box.fivepm.dialect = evolve(box.fivepm.dialect, download="metadata")
    (file,) = await pm.activity.files()

    with pytest.raises(UnexpectedResponseError, match="without its content"):
        await content(pm, file.id)
    assert b"a" in await content(pm, file.id, wrapping="raw")


@pytest.mark.parametrize(("wrapping", "held"), [("raw", False), ("auto", True)])
async def test_who_wants_no_envelope_opened_gets_a_stream(pm, box, note, wrapping, held):
    data = b"[" + b"1, " * MIB + b"1]"
    await pm.activity.attach(note.id, [Attachment(source=data, name="a.json")])
    box.fivepm.dialect = evolve(box.fivepm.dialect, download="bare")
    (file,) = await pm.activity.files()

    async with pm.activity.download(file.id, wrapping=wrapping) as body:
        assert isinstance(body._arrived.content, bytes) is held
        assert await body.read() == data


@pytest.mark.parametrize("errors", ["status", "body", "html", "php"])
async def test_an_error_is_not_a_file(pm, box, errors):
    box.fivepm.dialect = evolve(box.fivepm.dialect, errors=errors)

    with pytest.raises(APIError):
        await content(pm, "99")


@pytest.mark.parametrize("errors", ["status", "body"])
async def test_a_session_that_ends_before_a_download_is_renewed(pm, box, note, errors):
    await pm.activity.attach(note.id, [Attachment(source=b"abc", name="a")])
    (file,) = await pm.activity.files()
    box.fivepm.dialect = evolve(box.fivepm.dialect, errors=errors)
    box.fivepm.expire_sessions()

    assert await content(pm, file.id) == b"abc"


@pytest.mark.parametrize("files", ["base64", "multipart"])
@pytest.mark.parametrize("size", [10, 3_000_000])
async def test_a_session_that_ends_before_an_attachment_is_renewed(box, tmp_path, files, size):
    path = tmp_path / "a.bin"
    path.write_bytes(some_bytes(size))
    async with client(box, files=files) as pm:
        project = await pm.projects.add(name="Audit")
        note = await pm.activity.add(project_id=project.id, type="msg", text="see")
        box.fivepm.expire_sessions()

        await pm.activity.attach(note.id, [path])

        (file,) = await pm.activity.files()
        assert await content(pm, file.id) == path.read_bytes()


async def test_a_write_refused_inside_a_200_is_not_repeated_and_the_next_one_works(pm, box):
    await pm.auth.sign_in()
    box.fivepm.dialect = evolve(box.fivepm.dialect, errors="body")
    box.fivepm.expire_sessions()

    with pytest.raises(AuthenticationError):
        await pm.projects.add(name="a")
    await pm.projects.add(name="b")

    assert [each.name for each in await pm.projects.all()] == ["b"]


async def test_a_write_whose_answer_is_lost_is_not_repeated(pm, box):
    await pm.auth.sign_in()
    box.faults.reset_after("5pm.projects.add", times=9)

    with pytest.raises(OutcomeUnknownError):
        await pm.projects.add(name="Audit")

    assert len(await pm.projects.all()) == 1


async def test_a_download_is_used_once_and_opened_first(pm, note):
    await pm.activity.attach(note.id, [Attachment(source=b"abc", name="a")])
    (file,) = await pm.activity.files()
    body = pm.activity.download(file.id)
    with pytest.raises(CoreDataError, match="open the download first"):
        _ = body.size
    async with body:
        assert await body.read() == b"abc"
        with pytest.raises(CoreDataError, match="once"):
            await body.read()


async def test_a_download_replaces_no_directory_and_nothing_that_appears(pm, note, tmp_path, monkeypatch):
    await pm.activity.attach(note.id, [Attachment(source=b"abc", name="a")])
    (file,) = await pm.activity.files()
    fsync = os.fsync

    def appear(number):
        fsync(number)
        (tmp_path / "out").write_bytes(b"precious")

    monkeypatch.setattr("coredata_async.storage.atomic.os.fsync", appear)

    for path, reason in ((tmp_path, "directory"), (tmp_path / "out", "exists")):
        async with pm.activity.download(file.id) as body:
            with pytest.raises(TransferError, match=reason):
                await body.save(path)
    async with pm.activity.download(file.id) as body:
        with pytest.raises(TransferError, match="exists"):
            await body.save(tmp_path / "out", overwrite=False)

    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("out", b"precious")]
    async with pm.activity.download(file.id) as body:
        await body.save(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out").read_bytes() == b"abc"


@pytest.mark.parametrize("files", ["a.txt", b"abc", Attachment(source=b"a", name="a"), 7])
async def test_attach_takes_a_list(pm, note, files):
    with pytest.raises(TypeError, match="list of files"):
        await pm.activity.attach(note.id, files)


@pytest.mark.parametrize("files", [[], [b"abc"]])
async def test_attach_needs_files_with_names(pm, note, files):
    with pytest.raises(ConfigurationError):
        await pm.activity.attach(note.id, files)


async def test_pages_are_walked_whatever_they_count_from(box):
    async with client(box) as pm:
        for number in range(7):
            await pm.projects.add(name=str(number))
        for base in (0, 1, None):
            cap = 100 if base is None else 3
            box.fivepm.dialect = evolve(box.fivepm.dialect, offset_base=base, page_cap=cap)
            found = [each.name async for each in pm.projects.list(page_size=5)]
            assert sorted(found) == [str(number) for number in range(5 if base is None else 7)]


async def test_a_copy_shares_the_sign_in(pm, box):
    slow = pm.with_options(retry=Retry.none())

    await pm.auth.user()
    await slow.auth.user()

    assert box.fivepm.sessions.opened == 1


async def test_signing_out_ends_the_session_for_all(pm, box):
    await pm.auth.sign_in()
    await pm.auth.sign_out()
    assert box.fivepm.sessions.count == 0

    await pm.auth.user()

    assert box.fivepm.sessions.opened == 2


async def test_login_and_password_may_go_along_each_time(box):
    async with client(box, credential="login") as pm:
        assert (await pm.auth.user()).email == box.fivepm.login
    assert box.fivepm.sessions.opened == 0


async def test_closing_never_fails(box):
    pm = client(box)
    await pm.auth.user()
    box.faults.reset_before("*", times=None)

    await pm.aclose()
    await pm.aclose()

    assert pm.closed


async def test_the_environment_is_read_and_arguments_beat_it(box, monkeypatch):
    monkeypatch.setenv("FIVEPM_URL", box.fivepm.url)
    monkeypatch.setenv("FIVEPM_LOGIN", "another login")
    monkeypatch.setenv("FIVEPM_PASSWORD", box.fivepm.password)

    async with FivePM.from_env(login=box.fivepm.login) as pm:
        assert (await pm.auth.user()).email == box.fivepm.login


def test_what_is_missing_is_said():
    with pytest.raises(ConfigurationError, match="FIVEPM_URL"):
        FivePM(login="l", password="p")
    with pytest.raises(ConfigurationError, match="FIVEPM_LOGIN"):
        FivePM("acme")


def test_another_event_loop_is_recognised():
    async def use(pm):
        try:
            await pm.auth.user()
        finally:
            pass

    pm = FivePM("http://127.0.0.1:9", login="l", password="p", retry=Retry.none())
    with pytest.raises(APIError):
        asyncio.run(use(pm))
    with pytest.raises(CoreDataError, match="another event loop"):
        asyncio.run(use(pm))
    pm.close_now()


def test_the_signatures_show_the_keywords():
    pm = FivePM("acme", login="l", password="p")

    assert "project_id" in inspect.signature(pm.tasks.list).parameters
    assert list(inspect.signature(pm.tasks.update).parameters)[:2] == ["id", "name"]
    assert inspect.signature(pm.users.add).parameters["email"].default is inspect.Parameter.empty


def test_every_method_of_the_service_is_where_its_row_says():
    pm = FivePM("acme", login="l", password="p")

    assert len(METHODS) == 36
    for row in METHODS.values():
        assert callable(attrgetter(row.python)(pm)), row.full_name
