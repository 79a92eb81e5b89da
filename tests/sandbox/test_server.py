"""Tests of start and stop, and of the request log."""

import asyncio
import gc
import socket
from contextlib import suppress

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .api import Api


async def test_it_listens_on_the_loopback_and_says_where(box):
    assert box.url == f"http://127.0.0.1:{box.port}"
    assert box.port > 0


async def test_two_sandboxes_share_nothing(api, box):
    async with SandboxServer() as other:
        assert other.port != box.port
        assert other.api_key != box.api_key
        assert other.bucket.directory != box.bucket.directory


async def test_it_starts_with_a_space_and_a_project(api, box):
    assert await api.titles("/api/v2/spaces/") == ["Sandbox"]
    assert (await api.get(f"/api/v2/projects/{box.project}/")).json["space"]["id"] == box.space


async def test_the_temporary_directory_is_gone_afterwards():
    async with SandboxServer() as box, aiohttp.ClientSession() as session:
        await Api(box, session).file()
        directory = box.bucket.directory
        assert list(directory.iterdir())

    assert not directory.exists()


async def test_a_directory_that_was_given_stays(tmp_path):
    async with SandboxServer(data=tmp_path / "deep" / "er") as box, aiohttp.ClientSession() as session:
        await Api(box, session).file(b"kept")

    assert [one.read_bytes() for one in (tmp_path / "deep" / "er").iterdir()] == [b"kept"]


async def test_a_port_that_is_taken_is_an_oserror_and_leaves_nothing(box):
    with pytest.raises(OSError, match="in use"):
        async with SandboxServer(port=box.port):
            pass


@pytest.mark.parametrize("turns", range(6))
async def test_who_comes_in_while_it_closes_is_shown_out(turns):
    async with SandboxServer() as box:
        late = socket.create_connection(("127.0.0.1", box.port))
        late.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)

    with late, suppress(ConnectionError):  # reset, because it was never accepted
        async with asyncio.timeout(5):
            assert await asyncio.get_running_loop().sock_recv(late, 1) == b""
    gc.collect()  # an unclosed transport would cause a warning


async def test_closing_is_quick_and_leaves_no_task_although_a_connection_is_kept_alive():
    async with aiohttp.ClientSession() as session:
        async with SandboxServer() as box:
            await Api(box, session).get("/api/v2/spaces/")
            before = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - before < 0.5
    await asyncio.sleep(0)
    gc.collect()

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_log_keeps_everything_but_the_key(api, box):
    await api.get("/api/v2/projects/?title=%C3%A1&limit=1", headers={"X-Mark": "1"})

    seen = box.state.requests[-1]
    assert (seen.operation, seen.method, seen.status) == ("projects.list", "GET", 200)
    assert seen.target == "/api/v2/projects/?title=%C3%A1&limit=1"
    assert seen.headers["x-mark"] == "1"
    assert seen.headers["authorization"] == "apikey ***"
    assert box.api_key not in repr(box)
    assert box.state.count("projects.list") == 1


async def test_the_log_counts_the_bytes_of_a_body(api, box):
    await api.stored(b"hello")

    assert [one.body_bytes for one in box.state.requests] == [0, 5]


async def test_the_log_counts_the_bytes_of_a_form_too(api, box):
    await api.register(await api.stored())

    seen = box.state.requests[-1]
    assert seen.body_bytes == int(seen.headers["content-length"])


async def test_five_hundred_uploads_at_once_are_five_hundred_files(api, box):
    slots = asyncio.Semaphore(50)

    async def one(number):
        async with slots:
            assert (await api.register(await api.stored(b"%d" % number))).status == 201

    async with asyncio.TaskGroup() as group:
        for number in range(500):
            group.create_task(one(number))

    assert len(box.state.files) == 500
    assert set(box.state.files_per_blob().values()) == {1}
