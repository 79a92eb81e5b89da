"""Tests of the sandbox as a process of its own."""

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest


@asynccontextmanager
async def served(*options):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-m",
        "coredata_async.sandbox",
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_is_and_ends_on_a_signal(number, tmp_path):
    async with served("--data", str(tmp_path)) as (process, said), aiohttp.ClientSession() as session:
        assert said["pid"] == process.pid
        headers = {"Authorization": f"apikey {said['api_user']}:{said['api_key']}"}
        async with session.get(f"{said['url']}/api/v2/projects/{said['project']}/", headers=headers) as got:
            assert (await got.json())["space"]["id"] == said["space"]
        who = {"login": said["fivepm_login"], "password": said["fivepm_password"]}
        where = f"{said['fivepm_url']}/api/v2/service/get/authentication/signIn"
        async with session.get(where, params=who) as got:
            assert "<sessionId>" in await got.text()

        process.send_signal(number)
        out, err = await process.communicate()

    assert (process.returncode, out, err) == (0, b"", b"")


async def test_it_ends_with_stdin_if_asked_to():
    async with served("--exit-with-stdin") as (process, _):
        process.stdin.close()
        _, err = await process.communicate()

    assert (process.returncode, err) == (0, b"")


async def test_a_port_that_is_taken_is_said_in_one_line(box):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "coredata_async.sandbox", "--port", str(box.port)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert (process.returncode, out) == (1, b"")
    assert err.startswith(b"cannot serve: ")
    assert err.count(b"\n") == 1
