"""Tests of the sandbox together with its client."""

import json
import threading
import urllib.error
import urllib.request

import pytest

from coredata_async.sandbox.embedded import SandboxThread

pytest.importorskip("coredata_async.client")

from coredata_async import sandbox
from coredata_async.sandbox import Sandbox


async def test_its_client_is_signed_in_for_both_versions():
    async with Sandbox() as box:
        box.api_key_v3 = "another"
        async with box.client() as client:
            up = await client.files.upload(b"hello", parent=box.project, filename="a.txt")

        assert await box.content(up.file_id) == b"hello"
        assert all(
            "authorization" not in one.headers for one in box.state.requests if "/laika/" in one.target
        )


async def test_options_of_its_client_have_the_last_word():
    async with Sandbox() as box, box.client(api_user="stranger") as client:
        assert "stranger" in repr(client)
        assert box.api_key not in repr(client) + repr(box)


def test_the_package_names_what_there_is_and_nothing_else():
    assert {name: getattr(sandbox, name).__name__ for name in dir(sandbox)} == {
        name: name for name in dir(sandbox)
    }
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = sandbox.Nonsense


def test_it_serves_while_the_caller_does_something_else():
    before = set(threading.enumerate())
    with SandboxThread() as box:
        box.faults.status("projects.list", 418)
        with (
            pytest.raises(urllib.error.HTTPError, match="401"),
            urllib.request.urlopen(f"{box.url}/api/v2/projects/"),
        ):
            pass
        with urllib.request.urlopen(f"{box.url}/sandbox/state") as got:
            assert json.load(got)["projects"] == 1
        assert box.state.count("projects.list") == 1

    assert not {one for one in threading.enumerate() if one.name.startswith("coredata-sandbox")} - before


def test_it_stops_although_a_request_is_stalled():
    with SandboxThread() as box:
        box.faults.delay("spaces.list", 60)
        key = {"Authorization": f"apikey {box.api_user}:{box.api_key}"}
        asked = urllib.request.Request(f"{box.url}/api/v2/spaces/", headers=key)
        with pytest.raises(TimeoutError), urllib.request.urlopen(asked, timeout=0.1):
            pass


def test_a_port_that_is_taken_is_the_callers_error():
    with SandboxThread() as box, pytest.raises(OSError, match="in use"), SandboxThread(port=box.port):
        pass
