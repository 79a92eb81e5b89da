"""Faults and state from another process."""

import pytest


async def test_a_fault_can_be_set_over_http_without_a_key(api, box):
    said = {"fault": "status", "operation": "projects.list", "code": 503, "times": 2, "retry_after": 1}

    got = await api.send("POST", "/sandbox/faults", key="none", json=said)

    assert (got.status, got.json) == (201, {"fault": "status", "operation": "projects.list", "fired": 0})
    assert (await api.get("/api/v2/projects/")).headers["Retry-After"] == "1"
    listed = (await api.send("GET", "/sandbox/faults", key="none")).json
    assert listed == [{"fault": "status", "operation": "projects.list", "fired": 1}]


async def test_faults_can_be_cleared_over_http(api, box):
    box.faults.status("*", 500, times=None)
    box.faults.clear()
    box.faults.status("projects.list", 500, times=None)

    assert (await api.send("DELETE", "/sandbox/faults", key="none")).status == 204
    assert (await api.get("/api/v2/projects/")).status == 200


@pytest.mark.parametrize(
    "said",
    [
        {"fault": "delay", "operation": "files.get", "seconds": 0.5, "after": 1},
        {"fault": "hide", "operation": "files.list", "fields": ["blob_name"], "null": True},
        {"fault": "lying_next", "operation": "files.list", "mode": "same", "times": None},
        {"fault": "truncate", "operation": "storage.get", "at": 3},
        {"fault": "expire"},
        {"fault": "listing_lag", "requests": 2},
    ],
)
async def test_every_kind_takes_its_own_arguments(api, box, said):
    got = await api.send("POST", "/sandbox/faults", json=said)

    assert got.status == 201
    assert [fault.kind for fault in box.faults.scripted()] == [said["fault"]]


@pytest.mark.parametrize(
    "said",
    [{}, {"fault": "clear"}, {"fault": "delay", "operation": "a"}, {"fault": "delay", "seconds": 1, "x": 2}],
)
async def test_a_fault_that_makes_no_sense_is_refused(api, said):
    got = await api.send("POST", "/sandbox/faults", json=said)

    assert got.status == 400
    assert got.json["error"]


async def test_the_state_tells_what_there_is(api, box):
    blob = await api.stored()
    await api.register(blob)
    await api.register(blob)
    await api.reserve(1)

    got = (await api.send("GET", "/sandbox/state", key="none")).json

    assert got == {
        "files": 2,
        "projects": 1,
        "blobs": 1,
        "reserved": 2,
        "requests": {"blobs.reserve": 2, "storage.put": 1, "files.register": 2},
        "files_per_blob": {blob: 2},
        "duplicates": {blob: 2},
    }
