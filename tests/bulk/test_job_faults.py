"""Hostile network: every fault on every operation; each file exists once, or is reported as missing."""

import os
from collections import Counter
from collections.abc import Callable

import pytest
from attrs import evolve

from coredata_async.bulk import FileDone, FolderCreated
from coredata_async.errors import APIError
from tests.bulk.rig import (
    STEADY,
    check_mirrored,
    check_report,
    files_twice,
    folders_twice,
    local_truth,
    make_tree,
    remote_truth,
    some_tree,
)
from tests.rig import QUICK

OPERATIONS = (
    "blobs.reserve", "storage.put", "files.register", "files.list", "files.get", "folders.create",
    "folders.list", "projects.get", "projects.files",
)  # fmt: skip
FAULTS: dict[str, Callable] = {
    "500": lambda faults, op, **when: faults.status(op, 500, **when),
    "502 behind which it is done": lambda faults, op, **when: faults.status(op, 502, done=True, **when),
    "503": lambda faults, op, **when: faults.status(op, 503, **when),
    "429 with Retry-After": lambda faults, op, **when: faults.status(op, 429, retry_after=0, **when),
    "408": lambda faults, op, **when: faults.status(op, 408, **when),
    "409": lambda faults, op, **when: faults.status(op, 409, **when),
    "202": lambda faults, op, **when: faults.status(op, 202, **when),
    "202 behind which it is done": lambda faults, op, **when: faults.status(op, 202, done=True, **when),
    "302": lambda faults, op, **when: faults.status(op, 302, headers={"Location": "/login"}, **when),
    "400": lambda faults, op, **when: faults.status(op, 400, **when),
    "403": lambda faults, op, **when: faults.status(op, 403, **when),
    "404": lambda faults, op, **when: faults.status(op, 404, **when),
    "html": lambda faults, op, **when: faults.html(op, **when),
    "reset before": lambda faults, op, **when: faults.reset_before(op, **when),
    "reset after": lambda faults, op, **when: faults.reset_after(op, **when),
    "truncate": lambda faults, op, **when: faults.truncate(op, 5, **when),
    "cut upload": lambda faults, op, **when: faults.cut_upload(op, 5, **when),
    "corrupt": lambda faults, op, **when: faults.corrupt(op, 3, **when),
    "expire": lambda faults, op, **when: faults.expire(op, **when),
    "wrong digest": lambda faults, op, **when: faults.wrong_digest(op, **when),
    "broken json": lambda faults, op, **when: faults.broken_json(op, **when),
    "next that lies": lambda faults, op, **when: faults.lying_next(op, "never", **when),
    "next that circles": lambda faults, op, **when: faults.lying_next(op, "same", **when),
    "hidden fields": lambda faults, op, **when: faults.hide(
        op, "blob_name", "digest", "size", "parent", **when
    ),
    "null fields": lambda faults, op, **when: faults.hide(
        op, "blob_name", "digest", "size", null=True, **when
    ),
}


WHENS = {"once": {}, "thrice": {"times": 3}, "every third": {"every": 3, "times": None}}
MATRIX = [
    (operation, fault, when)
    for at, operation in enumerate(OPERATIONS)
    for by, fault in enumerate(FAULTS)
    for number, when in enumerate(WHENS)
    if os.environ.get("ALL_FAULTS") or ((at + by) % 4 == 0 and (at + by // 4) % 3 == number)
]
"""Sample of all 675: each fault on some operations, each operation with some faults."""


@pytest.mark.parametrize(("operation", "fault", "when"), MATRIX, ids=map(" ".join, MATRIX))
async def test_no_file_is_duplicated_and_the_report_is_true(  # noqa: PLR0917
    box, jobs, tree, operation, fault, when
) -> None:
    FAULTS[fault](box.faults, operation, **WHENS[when])

    try:
        ran = await jobs.run(tree)
    except APIError:
        assert operation == "projects.get"
        return

    check_report(ran)
    assert not files_twice(box)
    assert not folders_twice(box)
    here, there = local_truth(tree, inside="tree"), remote_truth(box, box.project)
    assert not there - here
    report = ran.report
    uncertain = report.counts.failed + report.counts.unresolved + report.counts.pending
    assert report.counts.done <= there.total() <= report.counts.done + uncertain


async def test_a_file_that_is_certainly_not_registered_is_registered_again_with_the_same_blob(
    box, jobs, tree
) -> None:
    box.faults.reset_before("files.register", times=3)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")
    assert box.state.count("storage.put") == 12
    assert not ran.report.orphans


@pytest.mark.parametrize("mishap", ["lost", "503"])
async def test_files_that_are_proven_absent_each_time_have_failed_and_are_resumed(
    box, jobs, tree, mishap
) -> None:
    """Each round ends with a proof, so their number is not a reason for doubt."""
    if mishap == "lost":
        box.faults.reset_before("files.register", times=None)
    else:
        box.faults.status("files.register", 503, retry_after=0, times=None)

    ran = await jobs.run(tree)

    check_report(ran)
    assert (ran.report.counts.failed, ran.report.counts.unresolved) == (12, 0)
    assert "proven absent" in ran.report.failures[0].message
    assert not ran.report.orphans

    box.faults.clear()
    again = await jobs.run(tree)

    check_mirrored(box, again, tree, below=box.project, inside="tree")
    assert box.state.count("storage.put") == 12


UNPROVEN = (202, 302, 307, 405, 408, 409, 410, 425, 500, 501, 503, 520, 524, 599, 999)


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("operation", ["files.register", "folders.create"])
@pytest.mark.parametrize("status", UNPROVEN)
async def test_responses_that_prove_nothing_cause_no_duplicate(  # noqa: PLR0917
    box, jobs, tree, operation, status, done
) -> None:
    box.faults.status(operation, status, retry_after=0, done=done, times=2)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


@pytest.mark.parametrize("done", [True, False])
async def test_a_file_that_was_sent_for_registration_is_looked_up_before_a_later_pass_sends_it_again(
    box, client, jobs, tree, done
) -> None:
    jobs.client = client.with_options(retry=evolve(QUICK, attempts=1))
    box.faults.status("files.register", 429, retry_after=0, done=done, times=3)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")
    assert box.state.count("files.register") == (12 if done else 15)
    assert box.state.count("storage.put") == 12


@pytest.mark.parametrize("status", [400, 403, 429])
async def test_a_folder_whose_creation_was_refused_is_looked_up_before_it_is_requested_again(
    box, client, jobs, tree, status
) -> None:
    """In the retry pass of the same run: the gateway has reported the refusal wrongly."""
    jobs.client = client.with_options(retry=evolve(QUICK, attempts=1))
    box.faults.status("folders.create", status, done=True, times=2)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_a_file_whose_registration_was_refused_is_looked_up_before_the_next_run_sends_it_again(
    box, jobs, tree, status, done
) -> None:
    box.faults.status("files.register", status, done=done, times=1)
    await jobs.run(tree)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")
    assert status == 401 or box.state.count("storage.put") == 12  # 401 stops the run, with PUTs in flight


async def test_a_folder_that_a_gateway_only_seems_to_have_accepted_is_created_once(box, jobs, tree) -> None:
    box.faults.status("folders.create", 202, done=True, times=2)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_a_folder_whose_response_was_lost_is_not_created_again_before_the_lost_request_has_ended(
    box, client, jobs, tree
) -> None:
    """The lookup fails at first; the retry pass uses the time of the request, not of the run."""
    jobs.client = client.with_options(retry=evolve(QUICK, attempts=1, settle=1.0, probe_gap=0.1))
    box.faults.delay("folders.list", 1.2, times=1)
    box.faults.commit_late("folders.create", 0.6, times=1)
    box.faults.status("folders.list", 500, after=1, times=1)
    box.faults.delay("storage.put", 0.7, times=None)  # the job must not end before the lost request

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_a_wait_for_a_folder_that_may_still_be_created_delays_no_other(
    box, client, jobs, tmp_path
) -> None:
    root = make_tree(tmp_path / "tree", {f"d{n}/a.txt": str(n).encode() for n in range(12)})
    jobs.client = client.with_options(retry=evolve(QUICK, settle=0.8, probe_gap=0.1))
    box.faults.commit_late("folders.create", 0.5, after=1, times=8)

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    at_once = {event.path for event in ran.of(FolderCreated)}
    assert len(at_once) == 5
    first = ran.of(FileDone)[:4]
    assert {event.path.rpartition("/")[0] for event in first} <= at_once


async def test_one_listing_with_another_digest_does_not_prove_other_bytes(box, jobs, tree) -> None:
    box.faults.wrong_digest("files.list", times=None)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


# A server that never shows blob names: the resolver decides by all other facts.


def without_blob_names(box) -> None:
    box.faults.hide("*", "blob_name", times=None)


async def test_without_blob_names_lost_responses_are_resolved_by_other_facts(box, jobs, tree) -> None:
    without_blob_names(box)
    box.faults.reset_after("files.register", every=2, times=None)
    box.faults.reset_before("files.register", after=4, times=2)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_without_blob_names_equal_files_are_distinguished(box, client, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", dict.fromkeys(("a/x.txt", "b/x.txt", "a/y.txt", "a/x.dat"), b"alike"))
    folder = await client.folders.create(title="tree", parent=box.project)
    inside = await client.folders.create(title="a", parent=folder)
    await client.files.upload(b"other, of the name", parent=inside, filename="x.txt")
    await client.files.upload(b"alike", parent=folder, filename="x.txt")
    without_blob_names(box)
    box.faults.reset_after("files.register", every=2, times=None)
    box.faults.reset_before("files.register", times=2)

    ran = await jobs.run(root)

    check_report(ran)
    assert ran.report.exit_code == 0, ran.report.unresolved
    there = Counter(path for path, _ in remote_truth(box, box.project))
    assert there == Counter(
        {"tree/a/x.txt": 2, "tree/b/x.txt": 1, "tree/a/y.txt": 1, "tree/a/x.dat": 1, "tree/x.txt": 1}
    )
    assert not files_twice(box)


async def test_without_blob_names_a_resumed_job_finds_its_registrations(box, jobs, tmp_path) -> None:
    """By then the folder has the File itself, which must not count as existing before."""
    root = make_tree(tmp_path / "tree", {f"f{n}": b"%d" % n for n in range(20)})
    without_blob_names(box)
    box.faults.status("files.register", 504, done=True, times=None)
    box.faults.delay("files.list", 60, after=2, times=None)
    await jobs.run(root, on=lambda job, _: job.stop() if len(box.state.files) >= 8 else None)
    box.faults.clear()
    without_blob_names(box)
    make_tree(root, {"g": b"new"})
    box.faults.delay("files.get", 0.2, times=1)

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")


async def test_without_digests_either_nothing_is_guessed(box, jobs, tree) -> None:
    box.faults.hide("*", "blob_name", "digest", null=True, times=None)
    box.faults.reset_after("files.register", times=2)

    ran = await jobs.run(tree)

    check_report(ran)
    assert ran.report.counts.unresolved == 2
    assert ran.report.counts.done == 10
    assert ran.report.exit_code == 5
    assert len(box.state.files) == 12


@pytest.mark.parametrize("field", ["filename", "parent"])
async def test_without_blob_names_a_file_of_unknown_name_or_folder_does_not_count_as_another_one(
    box, jobs, tree, field
) -> None:
    for operation in ("files.list", "files.get", "projects.files"):
        box.faults.hide(operation, "blob_name", field, times=None)
    box.faults.reset_after("files.register", every=2, times=None)

    ran = await jobs.run(tree)

    check_report(ran)
    assert ran.report.exit_code == 5
    assert len(box.state.files) == 12
    assert not files_twice(box)


@pytest.mark.parametrize("null", [False, True])
async def test_without_sizes_files_are_confirmed_by_their_digests(box, jobs, tree, null) -> None:
    box.faults.hide("*", "size", null=null, times=None)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_listings_that_lag_behind_lose_no_file(box, client, jobs, tree) -> None:
    jobs.client = client.with_options(retry=evolve(QUICK, settle=0.3, probe_gap=0.2))
    box.faults.listing_lag(seconds=0.3)
    box.faults.reset_after("files.register", every=4, times=None)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_a_registration_that_comes_late_but_in_time_is_found(box, client, jobs, tree) -> None:
    jobs.client = client.with_options(retry=evolve(QUICK, settle=0.5, probe_gap=0.05))
    box.faults.commit_late("files.register", 0.3, every=3, times=None)
    box.faults.commit_late("folders.create", 0.3, every=2, times=None)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_a_key_that_is_refused_in_the_middle_ends_the_run_and_another_resumes(box, jobs, tree) -> None:
    box.faults.status("*", 401, after=20, times=None)
    ran = await jobs.run(tree)
    check_report(ran)
    assert ran.report.ended == "authentication"
    assert ran.report.exit_code == 6
    box.faults.clear()

    check_mirrored(box, await jobs.run(tree), tree, below=box.project, inside="tree")


@pytest.mark.parametrize(
    "operation",
    ["blobs.reserve", "files.register", "files.list", "files.get", "folders.create", "folders.list"],
)
async def test_a_key_that_one_operation_refuses_ends_the_run_as_such(box, jobs, tmp_path, operation) -> None:
    root = make_tree(tmp_path / "tree", {"a": b"1"})
    box.faults.status(operation, 401, times=None)
    ran = await jobs.run(root)
    check_report(ran)
    assert ran.report.ended == "authentication" or box.state.count(operation) == 0
    box.faults.clear()

    check_mirrored(box, await jobs.run(root), root, below=box.project, inside="tree")


@pytest.mark.parametrize("operation", ["blobs.reserve", "storage.put"])
async def test_refusals_of_everything_end_the_run(box, jobs, tmp_path, operation) -> None:
    root = some_tree(tmp_path / "tree", 100)
    box.faults.status(operation, 403, times=None)

    ran = await jobs.run(root)

    check_report(ran)
    assert ran.report.ended == "error"
    assert ran.report.counts.failed < 60
    assert ran.report.exit_code != 0
    box.faults.clear()
    check_mirrored(box, await jobs.run(root), root, below=box.project, inside="tree")


async def test_a_storage_that_throttles_is_waited_for(box, jobs, tree) -> None:
    box.faults.status("storage.put", 429, every=2, times=None)
    box.faults.status("files.register", 429, retry_after=0.05, every=4, times=None)

    check_mirrored(box, await jobs.run(tree), tree, below=box.project, inside="tree")


@pytest.mark.parametrize("operation", ["files.register", "blobs.reserve", "storage.put", "folders.create"])
async def test_a_host_that_stays_down_is_given_up_and_the_job_resumes(box, jobs, tmp_path, operation) -> None:
    root = some_tree(tmp_path / "tree", 100)
    box.faults.status(operation, 503, after=1, times=None)

    ran = await jobs.run(root, effort=evolve(STEADY, concurrency=32, patience=0.3))

    check_report(ran)
    assert ran.report.exit_code != 0
    box.faults.clear()
    check_mirrored(box, await jobs.run(root), root, below=box.project, inside="tree")


async def test_a_key_that_is_refused_during_lookups_decides_nothing(box, jobs, tree) -> None:
    box.faults.reset_after("files.register", times=None)
    box.faults.status("files.list", 401, after=4, times=None)
    ran = await jobs.run(tree)
    check_report(ran)
    assert ran.report.ended == "authentication"
    assert not ran.report.unresolved
    box.faults.clear()

    check_mirrored(box, await jobs.run(tree), tree, below=box.project, inside="tree")
