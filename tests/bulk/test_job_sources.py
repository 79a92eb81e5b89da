"""Hostile sources: files that change while they are read, names, links, shapes of trees, kinds of parents."""

import os
import shutil
import socket
import unicodedata
from types import SimpleNamespace

import pytest

from coredata_async.bulk import Effort, FileFailed, FileSkipped, Policy, Progress, Scanned, check
from coredata_async.bulk.states import Reason
from coredata_async.storage.paths import Fingerprint
from tests.bulk.rig import Jobs, check_mirrored, check_report, make_tree, policy, remote_truth, some_tree
from tests.rig import QUICK, some_bytes

MIB = 1 << 20


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 9 * MIB])
async def test_a_file_of_any_size_is_uploaded_completely(box, jobs, tmp_path, size) -> None:
    root = make_tree(tmp_path / "tree", {"a.bin": some_bytes(size)})

    check_mirrored(box, await jobs.run(root), root, below=box.project, inside="tree")


def touched(path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def same_size(path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(8))


def appended(path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def truncated(path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def renamed_over(path) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(os.urandom(path.stat().st_size))
    new.replace(path)


async def test_a_file_that_stops_changing_is_uploaded_in_its_last_state(box, tmp_path) -> None:
    path = make_tree(tmp_path / "tree", {"a.bin": some_bytes(2 * MIB)}) / "a.bin"
    left = [1]

    def saw(event) -> None:
        if "presigned" in event.path and left and left.pop():
            appended(path)

    async with box.client(retry=QUICK, hooks=[saw]) as client:
        ran = await Jobs(client, box.project, tmp_path / "job.sqlite").run(
            path.parent, policy=policy(on_change=1)
        )

    check_mirrored(box, ran, path.parent, below=box.project, inside="tree")
    assert ran.report.bytes.done == path.stat().st_size


async def test_a_file_that_vanishes_between_scan_and_reading_fails(box, jobs, tmp_path) -> None:
    root = some_tree(tmp_path / "tree", 4)
    box.faults.delay("folders.list", 0.2, times=1)

    ran = await jobs.run(
        root, on=lambda job, event: isinstance(event, Scanned) and (root / "d1/f0001.txt").unlink()
    )

    check_report(ran)
    assert ran.report.failed_by == {Reason.UNREADABLE: 1}
    assert ran.report.counts.done == 3


async def test_a_path_that_is_not_a_file_is_counted_and_reported(box, jobs, tmp_path, monkeypatch) -> None:
    root = make_tree(tmp_path / "tree", {"a.txt": b"a", "d/b.txt": b"b"})
    (root / "link").symlink_to("a.txt")
    (root / "loop").symlink_to(".")
    (root / "nowhere").symlink_to("gone")
    os.mkfifo(root / "pipe")
    monkeypatch.chdir(root)  # the absolute path would be too long for a socket
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")

    ran = await jobs.run(root)

    check_report(ran)
    assert ran.report.skipped_by == {Reason.LINK: 3, Reason.SPECIAL: 2}
    assert ran.report.counts.done == 2
    assert {event.reason for event in ran.of(FileSkipped)} == {Reason.LINK, Reason.SPECIAL}
    assert len(ran.of(FileSkipped)) == 5
    again = await jobs.run(root)
    assert again.report.skipped_by == {Reason.LINK: 3, Reason.SPECIAL: 2}


async def test_links_are_followed_by_policy_and_circles_are_not(box, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {"a.txt": b"a", "d/b.txt": b"b"})
    (root / "link").symlink_to("a.txt")
    (root / "d" / "up").symlink_to("..")

    ran = await jobs.run(root, policy=Policy(links="follow"))

    check_report(ran)
    assert ran.report.counts.done == 3
    assert ran.report.skipped_by == {Reason.LINK: 1}


NFC, NFD = (unicodedata.normalize(form, "é.txt") for form in ("NFC", "NFD"))


async def test_directories_whose_names_differ_in_their_unicode_form_are_kept_apart(
    box, client, jobs, tmp_path
) -> None:
    names = [unicodedata.normalize(form, "ský") for form in ("NFC", "NFD")]
    root = make_tree(tmp_path / "tree", {f"{name}/a.txt": name.encode() for name in names})
    folder = await client.folders.create(title="tree", parent=box.project)
    await client.folders.create(title=names[0], parent=folder)
    keep = Policy(unicode="keep")

    check_mirrored(box, await jobs.run(root, policy=keep), root, below=box.project, inside="tree")
    again = await jobs.run(root, policy=keep, journal=tmp_path / "again.sqlite")
    compared = [each.symbol async for each in check(client, [root], parent=box.project, policy=keep)]

    assert (again.report.exit_code, again.report.counts.skipped) == (0, 2)
    assert compared == ["=", "="]
    assert len([each for each in box.state.of("Folder") if each.title in names]) == 2


async def test_names_that_become_equal_fail_and_the_rest_is_uploaded(box, jobs, tmp_path) -> None:
    root = make_tree(
        tmp_path / "tree", {NFC: b"1", NFD: b"2", "c.txt": b"3", f"{NFC}.d/x": b"4", f"{NFD}.d/x": b"5"}
    )

    ran = await jobs.run(root)

    check_report(ran)
    assert ran.report.failed_by == {Reason.COLLISION: 4}
    assert ran.report.counts.done == 1
    assert len(ran.of(FileFailed)) == 4
    (root / NFD).unlink()
    again = await jobs.run(root)
    check_report(again)
    assert again.report.counts.done == 2
    assert again.report.failed_by == {Reason.COLLISION: 2}


ODD = [
    b"a\nb",
    b"a\x01",
    b"bad \xff.txt",
    b"dot.",
    b"space ",
    b"   ",
    b"...",
    b"a\\b",
    "\u202ename".encode(),
    b"%41",
    b"-rf",
    "日本語".encode(),
]


@pytest.mark.parametrize(("names", "failed"), [("fail", 8), ("escape", 0), ("truncate", 0)])
async def test_unusual_names_are_refused_or_escaped_and_always_reported(
    box, jobs, tmp_path, names, failed
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    for number, name in enumerate(ODD):
        (root / os.fsdecode(name)).write_bytes(b"%d" % number)

    ran = await jobs.run(root, policy=Policy(names=names))

    check_report(ran)
    assert ran.report.counts.planned == len(ODD)
    assert (
        ran.report.counts.failed
        == ran.report.failed_by.get(Reason.NAME, 0)
        == failed
        == len(ran.of(FileFailed))
    )
    assert (
        len(box.state.files) == len(ODD) - failed == len({path for path, _ in remote_truth(box, box.project)})
    )
    assert (await jobs.run(root, policy=Policy(names=names))).report.counts == ran.report.counts


async def test_names_of_255_bytes_and_longer_after_escaping(box, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {"x" * 251 + ".txt": b"1", "\u0001" + "y" * 250 + ".txt": b"2"})

    ran = await jobs.run(root, policy=Policy(names="truncate"))

    check_report(ran)
    assert ran.report.counts.done == 2
    assert all(len(path.encode()) <= 255 + 5 for path, _ in remote_truth(box, box.project))


async def test_a_tree_deeper_than_pythons_stack_is_mirrored_to_its_last_level(box, jobs, tmp_path) -> None:
    depth = 520  # two frames for each level would be too many
    root = tmp_path / "t"
    root.mkdir()
    at = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open("last.txt", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)

    ran = await jobs.run(root)

    check_report(ran)
    assert ran.report.counts.done == 1
    assert [path for path, _ in remote_truth(box, box.project)] == ["t/" + "d/" * depth + "last.txt"]


async def test_many_files_in_one_directory(box, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {f"f{n:05}": b"%d" % n for n in range(600)})

    check_mirrored(box, await jobs.run(root), root, below=box.project, inside="tree")


async def test_many_directories_with_one_file(box, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {f"d{n:03}/f": b"%d" % n for n in range(150)})

    check_mirrored(box, await jobs.run(root), root, below=box.project, inside="tree")


@pytest.mark.parametrize("kind", ["project", "folder"])
async def test_contents_go_directly_into_the_parent(box, client, jobs, tmp_path, kind) -> None:
    root = make_tree(tmp_path / "tree", {"a.txt": b"a", "d/b.txt": b"b", "d/a.txt": b"a"})
    if kind == "folder":
        jobs.parent = await client.folders.create(title="P", parent=box.project)

    for place in ("one.sqlite", "two.sqlite"):
        ran = await jobs.run(f"{root}/.", journal=tmp_path / place)
        check_mirrored(box, ran, root, below=jobs.parent)


async def test_an_existing_folder_is_used_and_of_two_the_oldest(box, client, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {"a.txt": b"a"})
    oldest = await client.folders.create(title="tree", parent=box.project)
    await client.folders.create(title="tree", parent=box.project)

    ran = await jobs.run(root)

    assert [file.parent for file in box.state.files] == [oldest]
    assert any("2 folders in one folder have the title 'tree'" in words for words in ran.report.warnings)


@pytest.mark.parametrize("wanted", [False, True])
async def test_empty_folders_are_created_by_policy(box, jobs, tmp_path, wanted) -> None:
    root = make_tree(tmp_path / "tree", {"a.txt": b"a"})
    (root / "empty" / "inside").mkdir(parents=True)

    ran = await jobs.run(root, policy=Policy(empty_dirs=wanted))

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    assert ({"empty", "inside"} <= {one.title for one in box.state.of("Folder")}) == wanted


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_an_unreadable_file_fails(box, jobs, tree) -> None:
    (tree / "d0/f0000.txt").chmod(0)
    (tree / "d1").chmod(0)

    ran = await jobs.run(tree)
    (tree / "d1").chmod(0o700)

    check_report(ran)
    assert set(ran.report.failed_by) == {Reason.UNREADABLE}
    assert ran.report.exit_code == 3


async def test_large_files_are_uploaded_beside_small_ones(box, jobs, tmp_path) -> None:
    root = make_tree(
        tmp_path / "tree", {f"big{n}": some_bytes(8 * MIB + 1 + n, n) for n in range(3)} | {"s": b"s"}
    )

    check_mirrored(
        box, await jobs.run(root, effort=Effort(concurrency=4)), root, below=box.project, inside="tree"
    )


async def test_a_file_that_vanished_between_two_runs_is_no_longer_counted(box, jobs, tree) -> None:
    await jobs.run(tree)
    (tree / "d0/f0000.txt").unlink()

    ran = await jobs.run(tree)

    check_report(ran)
    assert ran.report.counts.planned == 11 == ran.of(Progress)[-1].planned
    assert ran.of(Scanned)[0].files == 11
    shutil.rmtree(tree / "d1")
    again = await jobs.run(tree)
    assert again.report.counts.planned == 7 == again.of(Progress)[-1].planned == again.of(Progress)[-1].done


@pytest.mark.parametrize("seconds", [-86_400 * 365 * 100, 10_413_792_000])
async def test_a_file_from_before_1970_or_after_2262_is_uploaded_like_any_other(
    box, jobs, tmp_path, seconds
) -> None:
    root = some_tree(tmp_path / "tree", 3)
    os.utime(root / "d1/f0001.txt", (seconds, seconds))

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    again = await jobs.run(root)
    assert again.report.counts.done == 3


async def test_an_inode_beyond_63_bits_is_tolerated(box, jobs, tmp_path, monkeypatch) -> None:
    root = some_tree(tmp_path / "tree", 3)
    really = Fingerprint.of
    names = ("st_size", "st_mtime_ns", "st_ctime_ns")

    def huge(seen: os.stat_result) -> Fingerprint:
        return really(
            SimpleNamespace(**{name: getattr(seen, name) for name in names}, st_ino=-seen.st_ino % (1 << 64))
        )

    monkeypatch.setattr(Fingerprint, "of", huge)

    check_report(await jobs.run(root))
