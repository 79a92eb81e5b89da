"""Tests of faults and state from another process."""

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
        {"fault": "hide_objects", "operation": "files.list", "fields": ["a title"], "times": None},
        {"fault": "ignore_offset", "operation": "files.list"},
        {"fault": "truncate", "operation": "storage.get", "at": 3},
        {"fault": "expire"},
        {"fault": "listing_lag", "requests": 2},
        {"fault": "reset_after", "operation": "files.register", "every": 7, "times": None},
    ],
)
async def test_every_kind_takes_its_own_arguments(api, box, said):
    got = await api.send("POST", "/sandbox/faults", json=said)

    assert got.status == 201
    assert [fault.kind for fault in box.faults.list_all()] == [said["fault"]]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"fault": "clear"},
        {"fault": "delay", "operation": "a"},
        {"fault": "delay", "seconds": 1, "x": 2},
        {"fault": "html", "operation": "*", "x": 2},
        {"fault": "html", "operation": "*", "fired": 2},
        {"fault": "html", "operation": "*", "every": 0},
        {"fault": "html", "operation": "*", "every": "2"},
        {"fault": "html", "operation": "*", "times": "2"},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(api, box, said):
    got = await api.send("POST", "/sandbox/faults", json=said)

    assert got.status == 400
    assert got.json["error"]
    assert box.faults.list_all() == []


async def test_a_fault_set_over_http_strikes_every_nth_request(api):
    said = {"fault": "status", "operation": "projects.list", "code": 503, "every": 3, "times": None}
    await api.send("POST", "/sandbox/faults", json=said)

    statuses = [(await api.get("/api/v2/projects/")).status for _ in range(7)]

    assert statuses == [200, 200, 503, 200, 200, 503, 200]


async def test_the_state_shows_all_objects(api, box):
    blob = await api.stored()
    await api.register(blob)
    await api.register(blob)
    await api.reserve(1)

    got = (await api.send("GET", "/sandbox/state", key="none")).json

    assert got == {
        "files": 2,
        "folders": 0,
        "projects": 1,
        "blobs": 1,
        "reserved": 2,
        "requests": {"blobs.reserve": 2, "storage.put": 1, "files.register": 2},
        "files_per_blob": {blob: 2},
        "duplicates": {blob: 2},
        "files_twice": {f"{workspace(box)}/a.txt": 2},
        "folders_twice": {},
    }


async def test_names_that_are_there_twice_are_counted_by_where_they_lie(api, box):
    one, two = box.state.add_folder("a", box.project), box.state.add_folder("b", box.project)
    for parent in (one, one, two):
        box.state.add_folder("x", parent)
        await api.file(filename="y", parent=parent)

    got = (await api.send("GET", "/sandbox/state", key="none")).json

    assert got["folders"] == 5
    assert got["folders_twice"] == {f"{one}/x": 2}
    assert got["files_twice"] == {f"{one}/y": 2}


async def test_every_file_is_reported_with_its_folders_and_its_bytes(api, box):
    outer = box.state.add_folder("outer", box.project)
    inner = box.state.add_folder("inner", outer)
    top = await api.file(filename="top.txt")
    deep = await api.file(b"", filename="deep.txt", parent=inner)
    box.faults.listing_lag(seconds=60)
    box.faults.hide("*", "blob_name", times=None)

    got = (await api.send("GET", "/sandbox/files", key="none")).json

    blobs = {one.id: one.fields["blob_name"] for one in box.state.files}
    assert got["objects"] == [
        {
            "id": top,
            "path": "",
            "filename": "top.txt",
            "size": 5,
            "digest": "5d41402abc4b2a76b9719d911017c592",
            "blob": blobs[top],
            "parent": workspace(box),
        },
        {
            "id": deep,
            "path": "outer/inner",
            "filename": "deep.txt",
            "size": 0,
            "digest": "d41d8cd98f00b204e9800998ecf8427e",
            "blob": blobs[deep],
            "parent": inner,
        },
    ]
    results = (await api.send("GET", "/sandbox/folders", key="none")).json["objects"]
    assert results == [
        {"id": outer, "path": "", "title": "outer", "parent": workspace(box)},
        {"id": inner, "path": "outer", "title": "inner", "parent": outer},
    ]


async def test_the_truth_comes_in_pages(api, box):
    ids = [await api.file() for _ in range(3)]

    seen, path = [], "/sandbox/files?limit=2"
    while path:
        got = (await api.send("GET", path, key="none")).json
        seen += [one["id"] for one in got["objects"]]
        path = got["meta"]["next"]

    assert seen == ids
    assert (await api.send("GET", "/sandbox/files?offset=1&limit=1", key="none")).json["meta"] == {
        "limit": 1,
        "next": "/sandbox/files?limit=1&offset=2",
        "offset": 1,
        "previous": "/sandbox/files?limit=1&offset=0",
        "total_count": 3,
    }


def workspace(box) -> str:
    """Return the parent of a File of the first Project."""
    return box.state.of("Workspace")[0].id
