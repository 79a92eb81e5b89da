"""Tests of a sandbox for callers without an event loop."""

import json
import threading
import urllib.error
import urllib.request

import pytest

from coredata_async.sandbox.thread import SandboxThread


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
