"""Tests of scripted faults."""

import asyncio
import json
import re
import time

import aiohttp
import pytest

from coredata_async.sandbox import Sandbox, faults
from coredata_async.sandbox.faults import Faults
from tests.sandbox.api import LOGO, until

PROJECTS = "/api/v2/projects/"
BROKEN = (aiohttp.ClientConnectionError, ConnectionResetError)


def test_a_fault_is_applied_as_often_as_requested_and_counted():
    faults = Faults()
    fault = faults.status("files.get", 500, times=2, after=1)

    struck = [faults.trigger("files.get").answer is not None for _ in range(5)]

    assert struck == [False, True, True, False, False]
    assert fault.fired == 2


def test_times_none_is_always_and_a_star_is_every_operation():
    faults = Faults()
    faults.delay("*", 1, times=None)

    assert [faults.trigger(op).delay for op in ("a", "b", "a")] == [1, 1, 1]


def test_every_nth_request_fails_after_those_that_pass_and_as_often_as_requested():
    faults = Faults()
    faults.status("a", 500, every=3, after=1, times=None)
    twice = faults.delay("a", 1, every=2, times=2)

    struck = [faults.trigger("a") for _ in range(10)]

    assert [n for n, effect in enumerate(struck, 1) if effect.answer] == [4, 7, 10]
    assert [n for n, effect in enumerate(struck, 1) if effect.delay] == [2, 4]
    assert twice.fired == 2


@pytest.mark.parametrize("every", [0, -1])
def test_every_must_be_one_or_more(every):
    with pytest.raises(ValueError, match="every"):
        Faults().html("*", every=every)


def test_faults_of_one_kind_take_turns_and_of_different_kinds_strike_together():
    faults = Faults()
    faults.status("a", 500)
    faults.status("a", 429)
    faults.delay("a", 1)

    first, second, third = (faults.trigger("a") for _ in range(3))

    assert (first.answer.status, first.delay) == (500, 1)
    assert (second.answer.status, second.delay) == (429, 0)
    assert third.answer is None


def test_clear_forgets_everything():
    faults = Faults()
    faults.reset_before("*", times=None)
    faults.listing_lag(seconds=1)

    faults.clear()

    assert (faults.trigger("a").reset_before, faults.lag, faults.list_all()) == (False, None, [])


async def test_status_answers_instead_of_doing_the_work(api, box):
    fault = box.faults.status("projects.create", 429, retry_after=3, headers={"X-A": "b"})
    body = {"space": box.space, "title": "x"}

    first, second = [await api.send("POST", PROJECTS, json=body) for _ in range(2)]

    assert (first.status, first.headers["Retry-After"], first.headers["X-A"], first.body) == (
        429,
        "3",
        "b",
        b"",
    )
    assert (second.status, fault.fired) == (201, 1)
    assert len(box.state.of("Project")) == 2
    assert box.state.count("projects.create") == 2


async def test_status_may_carry_any_body(api, box):
    box.faults.status("*", 500, body='{"error_message": "x"}', content_type="application/json")

    assert (await api.get(PROJECTS)).json == {"error_message": "x"}


async def test_create_and_register_are_two_operations(api, box):
    blob = await api.stored()
    box.faults.status("files.register", 503, times=None)

    assert (await api.register(blob)).status == 503
    assert await api.file()


async def test_status_may_come_although_the_work_is_done(api, box):
    blob = await api.stored()
    box.faults.status("files.register", 504, done=True)

    assert (await api.register(blob)).status == 504
    assert box.state.files_per_blob() == {blob: 1}


async def test_html_is_a_page_under_200(api, box):
    box.faults.html("projects.list")

    got = await api.get(PROJECTS)

    assert (got.status, got.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert got.body.startswith(b"<!DOCTYPE html>")


async def test_broken_json_is_half_a_document_and_whole_as_http(api, box):
    box.faults.broken_json("projects.list")

    got = await api.get(PROJECTS)

    assert got.status == 200
    with pytest.raises(json.JSONDecodeError):
        _ = got.json


async def test_delay_waits(api, box):
    box.faults.delay("projects.list", 0.1)

    start = time.monotonic()
    await api.get(PROJECTS)

    assert time.monotonic() - start >= 0.1


async def test_reset_before_does_no_work(api, box):
    box.faults.reset_before("projects.create")

    with pytest.raises(BROKEN):
        await api.send("POST", PROJECTS, json={"space": box.space, "title": "x"})

    assert len(box.state.of("Project")) == 1
    assert (box.state.requests[-1].operation, box.state.requests[-1].status) == ("projects.create", 0)


async def test_reset_after_does_the_work_and_loses_the_answer(api, box):
    blob = await api.stored()
    box.faults.reset_after("files.register")

    with pytest.raises(BROKEN):
        await api.register(blob)

    assert box.state.files_per_blob() == {blob: 1}


async def test_a_reset_is_a_tcp_rst(api, box):
    box.faults.reset_before("projects.list")
    reader, writer = await asyncio.open_connection("127.0.0.1", box.port)
    key = f"Authorization: apikey {box.api_user}:{box.api_key}"
    writer.write(f"GET {PROJECTS} HTTP/1.1\r\nHost: x\r\n{key}\r\n\r\n".encode())

    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


@pytest.mark.parametrize("operation", ["files.register", "storage.put", "projects.create", "files.replace"])
async def test_commit_late_breaks_off_and_makes_the_change_later(api, box, operation):
    blob, url = await api.reserve(5)
    file = await api.file(b"old")
    if operation == "files.register":
        await api.put(url)
    box.faults.commit_late(operation, 0.1)
    sent = {
        "files.register": lambda: api.register(blob),
        "storage.put": lambda: api.put(url),
        "projects.create": lambda: api.send("POST", PROJECTS, json={"space": box.space, "title": "x"}),
        "files.replace": lambda: api.send("PUT", f"/api/v2/files/{file}/content/", data=b"new"),
    }[operation]
    done = {
        "files.register": lambda: box.state.files_per_blob()[blob] == 1,
        "storage.put": lambda: blob in box.state.blobs,
        "projects.create": lambda: len(box.state.of("Project")) == 2,
        "files.replace": lambda: box.state.documents[file].version == 2,
    }[operation]

    with pytest.raises(BROKEN):
        await sent()

    assert not done()
    await until(done)


async def test_commit_late_is_ended_with_the_server(api, box):
    box.faults.commit_late("projects.create", 60)

    with pytest.raises(BROKEN):
        await api.send("POST", PROJECTS, json={"space": box.space, "title": "x"})


async def signed(api, data: bytes) -> str:
    file = await api.file(data)
    return (await api.get(f"/api/v2/files/{file}/content/")).headers["Location"]


@pytest.mark.parametrize("at", [0, 1, 1000])
async def test_truncate_ends_the_body_early(api, box, at):
    url = await signed(api, LOGO)
    box.faults.truncate("storage.get", at)

    async with api.session.get(aiohttp.client.URL(url, encoded=True)) as got:
        assert (got.status, got.headers["Content-Length"]) == (200, str(len(LOGO)))
        assert await got.content.read(at) == LOGO[:at]
        with pytest.raises(aiohttp.ClientPayloadError):
            await got.content.read()

    assert (await api.get(url, key="none")).body == LOGO


async def test_truncate_works_on_json_too(api, box):
    box.faults.truncate("projects.list", 10)

    with pytest.raises(aiohttp.ClientPayloadError):
        await api.get(PROJECTS)


@pytest.mark.parametrize("at", [0, 1, 700_000])
async def test_cut_upload_resets_and_stores_nothing(api, box, at):
    data = b"x" * 900_000
    blob, url = await api.reserve(len(data))
    box.faults.cut_upload("storage.put", at)

    with pytest.raises(BROKEN):
        await api.put(url, data)

    assert blob not in box.state.blobs
    assert box.state.requests[-1].body_bytes == at
    assert list(box.bucket.directory.iterdir()) == []
    assert (await api.put(url, data)).status == 201


async def test_cut_upload_counts_the_forms_content(api, box):
    box.faults.cut_upload("files.create", 3)

    with pytest.raises(BROKEN):
        await api.file(b"hello")

    assert (box.state.files, dict(box.state.blobs)) == ([], {})


@pytest.mark.parametrize("name", ["cut_upload", "stall"])
async def test_the_form_of_a_registration_can_be_cut_and_stalled(api, box, name):
    blob = await api.stored()
    getattr(box.faults, name)("files.register", 10)
    form = api.form(filename="a.txt", title="a", parent=box.project, blob_name=blob)

    with pytest.raises((*BROKEN, TimeoutError)):
        await asyncio.wait_for(form, 0.1)

    assert box.state.files == []


async def test_expire_treats_the_url_as_expired(api, box):
    _, url = await api.reserve(5)
    box.faults.expire()

    first, second = await api.put(url), await api.put(url)

    assert (first.status, b"Request has expired" in first.body, second.status) == (403, True, 201)


async def test_wrong_digest_in_the_etag_of_a_put(api, box):
    blob, url = await api.reserve(5)
    box.faults.wrong_digest("storage.put")

    assert (await api.put(url)).headers["ETag"] == f'"{"0" * 32}"'
    assert box.state.blobs[blob].md5 != "0" * 32


async def test_wrong_digest_in_details_and_lists(api, box):
    file = await api.file()
    box.faults.wrong_digest("files.get")
    box.faults.wrong_digest("files.list")

    assert (await api.details(file))["digest"] == "0" * 32
    assert (await api.get("/api/v2/files/")).json["objects"][0]["digest"] == "0" * 32
    assert (await api.details(file))["digest"] == box.state.files[0].fields["digest"]


async def test_wrong_digest_in_the_header_of_a_replace(api, box):
    file = await api.file()
    box.faults.wrong_digest("files.replace")

    got = await api.send("PUT", f"/api/v2/files/{file}/content/", data=b"new")

    assert got.headers["X-Coredata-fields-filedigest"] == "0" * 32


async def test_corrupt_stores_other_bytes_than_were_sent(api, box):
    blob, url = await api.reserve(5)
    box.faults.corrupt("storage.put", 1)

    await api.put(url)

    assert box.state.blobs[blob].path.read_bytes() == b"h\x9allo"


async def test_corrupt_sends_other_bytes_than_are_stored(api, box):
    url = await signed(api, b"hello")
    box.faults.corrupt("storage.get", 4)

    assert (await api.get(url, key="none")).body == b"hell\x90"


async def test_hide_leaves_fields_out_or_makes_them_null(api, box):
    file = await api.file()
    box.faults.hide("files.list", "blob_name", "created")
    box.faults.hide("files.get", "digest", null=True)

    listed = (await api.get("/api/v2/files/")).json["objects"][0]
    assert {"blob_name", "created"}.isdisjoint(listed)
    assert listed["digest"]
    assert (await api.details(file))["digest"] is None


@pytest.mark.parametrize(
    ("mode", "query", "following"),
    [
        ("always", "", f"{PROJECTS}?limit=20&offset=20"),
        ("never", "?limit=1", None),
        ("same", "?limit=1", f"{PROJECTS}?limit=1&offset=0"),
    ],
)
async def test_lying_next(api, box, mode, query, following):
    await api.send("POST", PROJECTS, json={"space": box.space, "title": "x"})
    box.faults.lying_next("projects.list", mode)

    assert (await api.get(PROJECTS + query)).json["meta"]["next"] == following


async def test_hidden_objects_are_counted_and_not_shown(api, box):
    for title in ("a", "b", "c"):
        await api.send("POST", PROJECTS, json={"space": box.space, "title": title})
    box.faults.hide_objects("projects.list", "a", "b")

    said = (await api.get(f"{PROJECTS}?limit=3")).json

    assert [each["title"] for each in said["objects"] if each["title"] in "abc"] == []
    assert said["meta"]["total_count"] > len(said["objects"])
    assert said["meta"]["next"]


async def test_an_ignored_offset_gives_the_first_page(api, box):
    await api.send("POST", PROJECTS, json={"space": box.space, "title": "x"})
    box.faults.ignore_offset("projects.list")

    first, second = [(await api.get(f"{PROJECTS}?limit=1&offset=1")).json for _ in range(2)]

    assert first["meta"]["offset"] == 0
    assert first["objects"] != second["objects"]


async def test_listing_lag_in_seconds_is_over_in_time(api, box):
    lag = box.faults.listing_lag(seconds=0.2)
    file = await api.file()

    assert (await api.get("/api/v2/files/")).json["meta"]["total_count"] == 0
    assert (await api.details(file))["id"] == file
    await asyncio.sleep(0.2)
    assert (await api.get("/api/v2/files/")).json["meta"]["total_count"] == 1
    assert lag.fired == 1


async def test_listing_lag_in_requests_is_over_after_so_many_lists(api, box):
    await api.get("/api/v2/files/")
    box.faults.listing_lag(requests=2)
    await api.file()

    counts = [
        (await api.get(f"/api/v2/projects/{box.project}/files/")).json["meta"]["total_count"] for _ in "123"
    ]

    assert counts == [0, 0, 1]


@pytest.mark.parametrize("operation", ["storage.put", "storage.get"])
async def test_slow_takes_its_time(api, box, operation):
    url = (await api.reserve(len(LOGO)))[1] if operation == "storage.put" else await signed(api, LOGO)
    box.faults.slow(operation, len(LOGO) * 10)

    start = time.monotonic()
    got = await (api.put(url, LOGO) if operation == "storage.put" else api.get(url, key="none"))

    assert got.status in (200, 201)
    assert time.monotonic() - start >= 0.1


@pytest.mark.parametrize("at", [0, 1000])
async def test_stall_stops_reading_and_keeps_the_connection(api, box, at):
    blob, url = await api.reserve(len(LOGO))
    fault = box.faults.stall("storage.put", at)

    with pytest.raises(TimeoutError):
        await api.put(url, LOGO, patience=0.1)

    assert fault.fired == 1
    assert blob not in box.state.blobs


async def test_stall_stops_sending_and_keeps_the_connection(api, box):
    url = await signed(api, LOGO)
    box.faults.stall("storage.get", 100)

    with pytest.raises(TimeoutError):
        await api.get(url, key="none", patience=0.1)


async def test_a_stalled_request_does_not_hold_the_server_up(api, box):
    _, url = await api.reserve(5)
    box.faults.stall("storage.put")
    stalled = asyncio.create_task(api.put(url))
    await until(lambda: box.state.count("storage.put") == 1)

    start = time.monotonic()
    await box.__aexit__(None, None, None)

    assert time.monotonic() - start < 10  # the stall lasts for longer
    with pytest.raises(BROKEN):
        await stalled


async def test_an_unknown_operation_is_refused_with_a_suggestion() -> None:
    box = Sandbox()  # not running yet

    with pytest.raises(
        ValueError,
        match=r"faults.status: operation .file.register. does not exist; did you mean 'files.register'",
    ):
        box.faults.status("file.register", 503)
    with pytest.raises(
        ValueError, match=r"operation 'q' does not exist; known are .*5pm.activity.add.*storage.put"
    ):
        box.faults.html("q")
    with pytest.raises(ValueError, match=r"operation 'sandbox.clear' does not exist"):
        box.faults.html("sandbox.clear")
    assert box.faults.list_all() == []

    for known in ("*", "files.register", "files.create", "storage.get", "5pm.authentication.signIn"):
        box.faults.html(known)


async def test_every_operation_that_is_documented_is_known() -> None:
    known, (listed, _) = Sandbox().faults.known, str(faults.__doc__).split("Over HTTP")
    groups = re.findall(r"`([a-z_]+)((?:\.[a-z]+ ?)+)`", " ".join(listed.split()))

    named = {f"{noun}{verb}" for noun, verbs in groups for verb in verbs.split()}
    assert len(named) > 40
    assert named <= known
