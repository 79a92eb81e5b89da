"""Results of `check` for a tree and a server: same, missing, additional, different, or unknown."""

import os
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk import Compared, Policy, Rule, Sample, Selection, UploadJob, check
from coredata_async.errors import AuthenticationError, ConfigurationError
from tests.rig import some_bytes

ESCAPE = Policy(names="escape")


@pytest.fixture
def tree(tmp_path) -> Path:
    root = tmp_path / "T"
    for name, data in {
        "x.txt": b"x",
        "a/y.txt": b"yy",
        "a/b/z": b"",
        "c/big.bin": some_bytes(300_000),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "empty").mkdir()
    (root / "link").symlink_to("x.txt")
    return root


@pytest.fixture
def upload(client, tmp_path):
    async def upload(*paths, parent, **options):
        report = await UploadJob(
            client, paths, parent=parent, journal=tmp_path / f"{parent}.sqlite", **options
        ).run()
        assert report.exit_code == 0, report.failures
        return report

    return upload


async def run_check(client, *paths, parent, **options) -> list[Compared]:
    return [each async for each in check(client, paths, parent=parent, **options)]


def lines(results: list[Compared]) -> list[str]:
    return sorted(f"{each.symbol} {each.path}" for each in results)


SAME = ["= T/a/b/z", "= T/a/y.txt", "= T/c/big.bin", "= T/x.txt"]


async def test_after_an_upload_all_is_the_same_in_projects_and_folders(client, box, tree, upload) -> None:
    for parent in (box.project, box.state.add_folder("F", box.project)):
        await upload(tree, parent=parent)

        assert lines(await run_check(client, tree, parent=parent)) == SAME


async def test_after_an_upload_of_contents_all_is_the_same(client, box, tree, upload) -> None:
    await upload(f"{tree}/.", parent=box.project)

    found = await run_check(client, f"{tree}/.", parent=box.project)

    assert lines(found) == [each.replace("T/", "") for each in SAME]


async def test_single_files_are_compared_and_other_files_of_the_parent_are_not(
    client, box, tree, upload
) -> None:
    await client.files.upload(b"?", parent=box.project, filename="other.txt")
    await upload(tree / "x.txt", tree / "a", parent=box.project)

    found = await run_check(client, tree / "x.txt", tree / "a", parent=box.project)

    assert lines(found) == ["= a/b/z", "= a/y.txt", "= x.txt"]


async def test_unusual_names_are_mapped_as_by_uploads(client, box, tmp_path, upload) -> None:
    root = tmp_path / "T"
    for name in (
        "e\u0301 NFD",
        " before",
        "after ",
        "dot.",
        "new\nline",
        "50%0A",
        "back\\slash",
        "\u202egnp",
        "%",
    ):
        (root / f"d {name}").mkdir(parents=True)
        (root / f"d {name}" / name).write_bytes(name.encode())
    (root / os.fsdecode(b"\xff\xfe")).write_bytes(b"no text")
    for policy in (ESCAPE, Policy(names="truncate"), Policy(names="escape", unicode="keep")):
        parent = box.state.add_folder("F", box.project)
        await upload(root, parent=parent, policy=policy)

        found = await run_check(client, root, parent=parent, policy=policy)

        assert {each.symbol for each in found} == {"="}
        assert len(found) == 10


async def test_differences_are_found_by_size_and_by_digest(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    (tree / "x.txt").write_bytes(b"y")
    (tree / "a" / "y.txt").write_bytes(b"longer")

    found = {each.path: each for each in await run_check(client, tree, parent=box.project)}

    assert (found["T/x.txt"].symbol, found["T/x.txt"].message) == ("*", "other content")
    assert (found["T/a/y.txt"].symbol, found["T/a/y.txt"].message) == ("*", "2 bytes on the server")
    assert found["T/a/b/z"].symbol == "="


async def test_files_on_one_side_only_are_reported_with_those_in_subfolders(
    client, box, tree, upload
) -> None:
    await upload(tree, parent=box.project)
    (tree / "x.txt").unlink()
    (tree / "a" / "b" / "z").unlink()
    (tree / "a" / "b").rmdir()
    (tree / "new" / "deep").mkdir(parents=True)
    (tree / "new" / "deep" / "n").touch()

    found = await run_check(client, tree, parent=box.project)

    assert lines(found) == ["+ T/new/deep/n", "- T/a/b/z", "- T/x.txt", "= T/a/y.txt", "= T/c/big.bin"]


async def test_an_empty_server_gives_a_plus_for_every_file(client, box, tree) -> None:
    found = await run_check(client, tree, parent=box.project)

    assert {each.symbol for each in found} == {"+"}
    assert len(found) == 4


async def test_nothing_is_written_to_the_server(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    before = len(box.state.requests)

    await run_check(client, tree, parent=box.project)

    assert {seen.method for seen in list(box.state.requests)[before:]} == {"GET"}
    assert box.state.count("storage.get") == 0


async def test_a_file_without_a_digest_in_listings_is_read_by_its_id(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    for one in box.state.files:
        one.fields["size"] = None if one.fields["filename"] == "x.txt" else one.fields["size"]

    assert lines(await run_check(client, tree, parent=box.project)) == SAME


async def test_the_scratch_journal_is_deleted_even_after_an_early_end(
    client, box, tree, tmp_path, monkeypatch
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(notes))
    found = check(client, tree, parent=box.project)

    await anext(found)
    during = list(notes.iterdir())
    await found.aclose()

    assert during
    assert list(notes.iterdir()) == []


async def test_a_duplicate_on_the_server_is_the_same_once_and_reported(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    (first,) = [each for each in box.state.files if each.fields["filename"] == "x.txt"]
    again = await client.files.upload(b"x", parent=first.parent, filename="x.txt")
    other = await client.files.upload(b"other", parent=first.parent, filename="x.txt")

    found = [each for each in await run_check(client, tree, parent=box.project) if each.path == "T/x.txt"]

    same, further = found
    assert (same.symbol, {same.file, *same.duplicates}) == ("=", {first.id, again.file_id})
    assert len(same.duplicates) == 1
    assert (further.symbol, further.file) == ("-", other.file_id)


async def test_a_second_folder_of_one_title_is_only_there(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    (folder,) = [each for each in box.state.of("Folder") if each.title == "T"]
    second = box.state.add_folder("a", folder.id)
    await client.files.upload(b"?", parent=second, filename="stray")

    found = await run_check(client, tree, parent=box.project)

    assert lines(found) == sorted([*SAME, "- T/a/stray"])


async def second_of(box, title: str) -> str:
    """Create another folder of an existing title, as a simultaneous job would."""
    (folder,) = [each for each in box.state.of("Folder") if each.title == title]
    return box.state.add_folder(title, folder.parent)


async def test_files_of_a_tree_that_two_jobs_uploaded_are_duplicates(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    second = await second_of(box, "T")
    inside = box.state.add_folder("a", second)
    again = await client.files.upload(b"x", parent=second, filename="x.txt")
    below = await client.files.upload(b"yy", parent=inside, filename="y.txt")
    other = await client.files.upload(b"longer", parent=inside, filename="z.txt")

    found = await run_check(client, tree, parent=box.project)

    assert lines(found) == sorted([*SAME, "= T/a/y.txt", "= T/x.txt"])
    twice = {each.file: each for each in found if each.duplicates}
    assert set(twice) == {again.file_id, below.file_id}
    assert second in twice[again.file_id].message
    assert not twice[again.file_id].local
    assert other.file_id not in {each.file for each in found}  # in the parent only the PATHs count


@pytest.mark.parametrize("title", ["T", "a"])
async def test_an_empty_second_folder_is_reported(client, box, tree, upload, title) -> None:
    await upload(tree, parent=box.project)
    second = await second_of(box, title)

    found = await run_check(client, tree, parent=box.project)

    (twice,) = [each for each in found if each.duplicates]
    assert (twice.symbol, twice.file, twice.duplicates) == ("=", second, (second,))
    assert twice.path == {"T": "T/", "a": "T/a/"}[title]
    assert "second folder" in twice.message


async def test_in_a_second_folder_below_the_path_other_files_are_reported_beside_duplicates(
    client, box, tree, upload
) -> None:
    await upload(tree, parent=box.project)
    second = await second_of(box, "a")
    again = await client.files.upload(b"yy", parent=second, filename="y.txt")
    stray = await client.files.upload(b"?", parent=second, filename="stray")

    found = await run_check(client, tree, parent=box.project)

    assert lines(found) == sorted([*SAME, "= T/a/y.txt", "- T/a/stray"])
    assert {each.file for each in found if each.duplicates} == {again.file_id}
    assert {each.file for each in found if each.symbol == "-"} == {stray.file_id}


async def test_excluded_files_are_not_compared_on_either_side(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    (tree / "a" / "y.txt").unlink()
    (tree / ".coredataignore").write_text("/c/\n")
    rules = Selection(rules=[Rule("*.txt")])

    found = await run_check(client, tree, parent=box.project, selection=rules)

    assert lines(found) == ["= T/a/b/z"]


async def test_unusual_names_on_the_server_are_tolerated(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    (folder,) = [each for each in box.state.of("Folder") if each.title == "T"]
    odd = ["", ".", "..", "../x.txt", "/etc/passwd", "nul\0", "new\nline", "%00", "X.TXT"]
    for name in odd:
        up = await client.files.upload(b"odd", parent=folder.id, filename="odd")
        box.state.documents[up.file_id].fields["filename"] = name
        inside = box.state.add_folder(name, folder.id)
        await client.files.upload(b"odd", parent=inside, filename="below")

    plain = await run_check(client, tree, parent=box.project)
    ruled = await run_check(client, tree, parent=box.project, selection=Selection(rules=[Rule("*.no")]))

    assert lines(plain) == sorted(
        [*SAME, *(f"- T/{name}" for name in odd), *(f"- T/{name}/below" for name in odd)]
    )
    assert lines(ruled) == lines(plain)


async def test_a_list_of_files_excludes_all_others(client, box, tree, upload, tmp_path) -> None:
    await upload(tree, parent=box.project)
    (tree / "a" / "y.txt").unlink()
    (tmp_path / "list").write_text("x.txt\n")

    chosen = Selection(files_from=tmp_path / "list")

    assert lines(await run_check(client, tree, parent=box.project, selection=chosen)) == ["= T/x.txt"]


async def test_a_file_that_cannot_be_compared_is_reported_with_the_reason(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    (tree / "bad ").touch()
    (tree / "a" / "y.txt").unlink()
    os.mkfifo(tree / "a" / "y.txt")
    for one in box.state.files:
        if one.fields["filename"] == "x.txt":
            one.fields["digest"] = None

    found = {each.path: each for each in await run_check(client, tree, parent=box.project)}

    assert found["T/bad "].symbol == "!"
    assert "names='escape'" in found["T/bad "].message
    assert found["T/x.txt"].symbol == "!"
    assert "does not report the digest" in found["T/x.txt"].message
    assert "T/a/y.txt" not in found


@pytest.mark.parametrize(("operation", "hidden"), [("files.list", "y"), ("folders.list", "a")])
async def test_a_file_that_the_server_counts_and_does_not_show_is_not_reported_as_missing(  # noqa: PLR0917
    client, box, tree, upload, operation, hidden
) -> None:
    await upload(tree, parent=box.project)
    box.faults.hide_objects(operation, hidden, times=None)

    results = await run_check(client, tree, parent=box.project)

    assert "! T/a/y.txt" in lines(results)
    assert not [each for each in results if each.symbol == "+"]
    (found,) = [each for each in results if each.path == "T/a/y.txt"]
    assert "incomplete" in found.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
async def test_an_unreadable_file_is_not_compared(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    (tree / "x.txt").chmod(0)

    found = {each.path: each.symbol for each in await run_check(client, tree, parent=box.project)}

    assert found["T/x.txt"] == "!"


async def test_a_sample_is_downloaded_and_wrong_bytes_are_found(client, box, tree, upload) -> None:
    await upload(tree, parent=box.project)
    assert lines(await run_check(client, tree, parent=box.project, sample=Sample.of("100%"))) == SAME
    assert box.state.count("storage.get") == 4

    box.faults.corrupt("storage.get", at=200_000, times=9)
    found = {
        each.path: each for each in await run_check(client, tree, parent=box.project, sample=Sample.of("1/1"))
    }

    assert found["T/c/big.bin"].symbol == "*"
    assert found["T/c/big.bin"].message == "the bytes in the storage differ from byte 200000 on"


async def test_a_refused_key_ends_it(client, box, tree) -> None:
    box.faults.status("folders.list", 401, times=99)

    with pytest.raises(AuthenticationError):
        await run_check(client, tree, parent=box.project)


async def test_a_temporary_directory_within_the_tree_is_refused(client, box, tree, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tree / "a"))

    with pytest.raises(ConfigurationError, match="TMPDIR"):
        await run_check(client, tree, parent=box.project)


async def test_more_files_than_a_batch_are_all_compared(client, box, tmp_path, upload) -> None:
    root = tmp_path / "T"
    root.mkdir()
    for n in range(230):
        (root / f"{n}").write_bytes(b"%d" % n)
    await upload(root, parent=box.project)
    for n in range(0, 230, 2):
        (root / f"{n}").unlink()

    found = await run_check(client, root, parent=box.project, width=3)

    assert sum(each.symbol == "=" for each in found) == 115
    assert sum(each.symbol == "-" for each in found) == 115
    assert len({each.path for each in found}) == 230


@given(st.text(), st.integers(1, 40))
def test_parts_are_all_files_each_once(path: str, parts: int) -> None:
    takers = [n for n in range(1, parts + 1) if Sample.of(f"{n}/{parts}").takes(path)]

    assert len(takers) == 1
    assert Sample.of("100%").takes(path)
    assert not Sample.of("0%").takes(path)


@pytest.mark.parametrize("text", ["", "5", "101%", "0/3", "4/3", "-1%", "1/0", "\u0665%", "5%%"])
def test_a_text_that_is_not_a_sample_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="sample"):
        Sample.of(text)


async def test_a_file_that_is_listed_in_nfd_is_the_same(client, box, tmp_path) -> None:
    (tmp_path / "é.txt").write_bytes(b"e")
    await client.files.upload(
        b"e", parent=box.project, filename=unicodedata.normalize("NFD", "é.txt"), title="e"
    )

    found = [each async for each in check(client, [f"{tmp_path}/."], parent=box.project)]

    assert [(each.symbol, each.path) for each in found] == [("=", "é.txt")]
