"""Tests of the doctor's findings, and of its cleanup."""

import asyncio
import time
from contextlib import aclosing

import pytest

from coredata_async import Retry
from coredata_async.doctor.examine import examine
from coredata_async.doctor.scratch import ScratchFolder, clean
from coredata_async.doctor.target import ExchangeCounter, Target
from coredata_async.errors import APIConnectionError, UnexpectedResponseError
from coredata_async.message import Reply
from coredata_async.sandbox import Sandbox
from tests.rig import QUICK


async def at_once(_: float) -> None:
    """Return without sleeping."""
    await asyncio.sleep(0)


async def examined(client, parent=None, **options):
    """Return all findings by name."""
    options = {"sleep": at_once, "warn": print, **options}
    async with aclosing(examine(client, parent, **options)) as findings:
        return {each.name: each async for each in findings}


def is_clean(box) -> bool:
    """Return whether no object of the doctor is left."""
    made = [one for one in box.state.of("Folder") if "path" not in one.fields]
    return not made and not any("coredata-doctor" in one.title for one in box.state.documents.values())


async def some_files(client, box, count=3):
    return [
        (await client.files.upload(b"x", parent=box.project, filename=f"{n}.txt")).file_id
        for n in range(count)
    ]


async def test_without_a_parent_it_only_reads(client, box) -> None:
    found = await examined(client)

    assert {seen.operation for seen in box.state.requests if seen.method != "GET"} == {"blobs.reserve"}
    assert found["auth-v2"].level == found["auth-v3"].level == "ok"
    assert found["slash"].answer == "301, a redirect"
    assert found["max-limit"].answer == "limit=0 gives 1000, limit=1000 gives 1000, limit=5000 gives 1000"
    assert found["folder-filter"].level == "note"
    assert found["shown"].level == "unknown"
    assert "upload" not in found


async def test_lists_are_compared_with_the_existing_files(client, box) -> None:
    await some_files(client, box)

    found = await examined(client)

    assert {found[name].level for name in ("next", "file-filters", "shown")} == {"ok"}
    assert found["shown"].answer == "blob_name in 3 and digest in 3 of 3 Files"


async def test_with_a_parent_everything_is_tried_out_and_deleted_again(client, box) -> None:
    found = await examined(client, box.project)

    notes = {name: each.level for name, each in found.items() if each.level != "ok"}
    assert notes == {
        "folder-filter": "note",
        "sync": "unknown",
        "expired": "unknown",
        "twice": "note",
        "orphans": "unknown",
    }
    assert found["blob-name"].answer == "in lists and details"
    assert found["content-length"].answer == ("yes; longer: 400 EntityTooLarge; shorter: 400 IncompleteBody")
    assert "still intact" in found["twice"].detail
    assert found["throttling"].answer == f"0 of {len(box.state.requests)} requests"
    assert is_clean(box)


async def test_no_finding_holds_a_key_or_a_signed_url(client, box) -> None:
    box.faults.status("files.update", 500)
    box.faults.html("files.create", times=None)

    said = repr(list((await examined(client, box.project)).values()))

    assert box.api_key not in said
    assert not any(word in said for word in ("Signature=", "AWSAccessKeyId", "Expires="))


@pytest.mark.parametrize(
    ("script", "name", "due"),
    [
        (lambda f: f.hide("*", "blob_name", times=None), "blob-name", ("risk", "nowhere")),
        (lambda f: f.hide("files.list", "blob_name", times=None), "blob-name", ("note", "in details only")),
        (lambda f: f.hide("files.get", "blob_name", times=None), "blob-name", ("ok", "in lists")),
        (
            lambda f: f.hide("files.list", "digest", null=True, times=None),
            "digest",
            ("note", "missing: digest in lists"),
        ),
        (lambda f: f.wrong_digest("files.get", times=None), "digest", ("risk", "wrong: digest in details")),
        (lambda f: f.wrong_digest("storage.put", times=None), "etag", ("risk", "it is not the MD5")),
        (lambda f: f.listing_lag(requests=2), "listing-lag", ("note", "after 0.3 s")),
        (lambda f: f.listing_lag(requests=2), "sync", ("note", "it waits for the lists")),
        (lambda f: f.listing_lag(seconds=60), "listing-lag", ("risk", "not within 10 s")),
        (lambda f: f.lying_next("files.list", "never", times=None), "next", ("note", "missing although")),
        (lambda f: f.lying_next("files.list", "same", times=None), "next", ("note", "leading elsewhere")),
        (lambda f: f.lying_next("files.list", "always", times=None), "next", ("note", "present although")),
        (lambda f: f.status("folders.create", 405, times=None), "folders", ("note", "no")),
        (lambda f: f.status("files.register", 403, times=None), "upload", ("risk", "no")),
        (lambda f: f.status("storage.put", 403, times=None), "upload", ("risk", "no")),
        (lambda f: f.html("files.register", times=None), "upload", ("risk", "no")),
        (lambda f: f.reset_after("files.register"), "upload", ("risk", "no")),
        (lambda f: f.status("blobs.reserve", 401, times=None), "auth-v3", ("risk", "no")),
        (lambda f: f.status("files.register", 400, after=1, times=1), "twice", ("note", "a second")),
        (lambda f: f.status("projects.get", 404), "clean-up", ("ok", "all was deleted")),
    ],
)
async def test_what_goes_wrong_is_found_out_and_cleaned_up(client, box, script, name, due) -> None:
    kept = await some_files(client, box)
    script(box.faults)

    found = (await examined(client, box.project))[name]

    assert (found.level, found.answer[: len(due[1])]) == due
    assert is_clean(box)
    assert [one.id for one in box.state.files] == kept


async def test_a_blob_that_is_refused_a_second_time_makes_registering_safe() -> None:
    async with Sandbox(refuse_second_registration=True) as box, box.client(retry=QUICK) as client:
        found = await examined(client, box.project)

        assert (found["twice"].level, found["twice"].answer) == ("ok", "it is refused: 400")
        assert is_clean(box)


async def test_a_blob_deleted_with_its_duplicate_is_noticed(client, box) -> None:
    box.faults.status("storage.get", 404, times=None)

    found = await examined(client, box.project)

    assert "never be deleted" in found["twice"].detail


async def test_an_expired_url_is_waited_for_if_it_is_not_long() -> None:
    now = [time.time()]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    async with Sandbox(url_lifetime=4, clock=lambda: now[0]) as box, box.client(retry=QUICK) as client:
        found = await examined(client, box.project, sleep=sleep)

    assert found["url-lifetime"].level == "risk"
    assert (found["expired"].level, found["expired"].answer) == ("ok", "refused: 403 AccessDenied")


@pytest.mark.parametrize(("skew", "level"), [(0, "ok"), (30, "note"), (-3600, "risk")])
async def test_clocks_are_compared(client, skew, level) -> None:
    found = await examined(client, clock=lambda: time.time() - skew)

    assert found["clock"].level == level
    assert level == "ok" or ("ahead" in found["clock"].answer) == (skew > 0)


async def test_being_turned_away_is_counted(client, box) -> None:
    box.faults.status("files.list", 429, retry_after=0, times=2)

    found = (await examined(client))["throttling"]

    assert (found.level, found.answer) == (
        "note",
        f"2 of {len(box.state.requests)} requests, Retry-After 0 s",
    )


async def test_with_a_wrong_key_nothing_else_is_asked(box) -> None:
    async with box.client(api_key="wrong", retry=QUICK) as client:
        found = await examined(client, box.project)

    assert [(each.name, each.level) for each in found.values()] == [("auth-v2", "risk")]


async def test_what_is_missing_and_not_answered_404_is_noticed(client, box) -> None:
    box.faults.status("files.get", 410, times=None)

    found = (await examined(client))["refusals"]

    assert (found.level, found.answer[:15]) == ("note", "unknown id: 410")


async def test_a_server_that_is_not_a_coredata_is_an_error(client, box) -> None:
    box.faults.html("users.me", times=None)

    with pytest.raises(UnexpectedResponseError):
        await examined(client)


async def test_a_server_that_is_not_there_is_an_error(box) -> None:
    async with box.client(retry=Retry.none()) as client:
        box.faults.reset_before("*", times=None)

        with pytest.raises(APIConnectionError):
            await examined(client)


async def test_what_cannot_be_deleted_is_named(client, box) -> None:
    box.faults.status("documents.delete", 405, times=None)
    box.faults.status("files.delete", 403, after=1, times=2)
    said = []

    found = (await examined(client, box.project, warn=said.append))["clean-up"]

    left = [*box.state.files, *(one for one in box.state.of("Folder") if "path" not in one.fields)]
    assert (found.level, len(left), len(said)) == ("note", 3, 3)
    assert all(any(one.id in each for each in said) and one.id in found.detail for one in left)


@pytest.mark.parametrize("findings", [8, 9, 14, 20, 32])
async def test_a_loop_that_is_left_early_leaves_nothing_behind(client, box, findings) -> None:
    async with aclosing(examine(client, box.project, sleep=at_once)) as found:
        for _ in range(findings):
            await anext(found)

    assert is_clean(box)


@pytest.mark.parametrize("operation", ["folders.create", "files.register", "storage.put", "files.get"])
async def test_an_interruption_leaves_nothing_behind_but_what_it_names(client, box, operation) -> None:
    struck = box.faults.stall(operation, after=1 if operation == "files.register" else 0)
    said = []
    task = asyncio.ensure_future(examined(client, box.project, warn=said.append))
    while not struck.fired:  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert is_clean(box)
    assert len(said) <= 1
    assert all("perhaps" in each for each in said)


@pytest.mark.parametrize("interruptions", [1, 2])
async def test_cleaning_up_goes_on_through_one_interruption_and_names_all_after_two(
    client, box, interruptions
) -> None:
    box.faults.delay("files.delete", 0.02, times=None)
    said = []
    task = asyncio.ensure_future(examined(client, box.project, warn=said.append))
    while box.state.count("files.delete") < 3:  # noqa: ASYNC110  # the first is of the duplicate
        await asyncio.sleep(0.005)

    for _ in range(interruptions):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task

    left = [one.id for one in box.state.documents.values() if "coredata-doctor" in one.title]
    assert (interruptions == 1) == (not left) == is_clean(box)
    assert all(any(one in each for each in said) for one in left)


async def test_a_folder_that_is_not_its_own_is_never_deleted(client, box) -> None:
    theirs = box.state.add_folder("theirs", box.project)
    headers = {"Location": f"/api/v2/folders/{theirs}/"}
    box.faults.status("folders.create", 201, headers=headers)

    found = (await examined(client, box.project))["clean-up"]

    assert theirs in box.state.documents
    assert theirs in found.detail
    assert box.state.files == []


async def test_what_is_not_its_own_is_never_deleted(client) -> None:
    sent = []

    async def ignoring_filters(request):
        sent.append(request.method)
        theirs = b'{"id": "1", "title": "theirs", "filename": "theirs.txt"}'
        return Reply(200, body=b'{"meta": {"total_count": 1}, "objects": [%s, 3, {}]}' % theirs)

    far = Target(engine=client.engine(), tally=ExchangeCounter(), clock=time.time, sleep=at_once)
    object.__setattr__(far.engine, "api", ignoring_filters)
    place = ScratchFolder(target=far, parent="p", inside="p", lost=["theirs.txt"])

    await clean(place)

    assert set(sent) == {"GET"}
    assert place.left == ["perhaps a File theirs.txt in p"]
