"""Actions of a dry run, which changes nothing."""

import os
import tempfile
from contextlib import aclosing
from pathlib import Path

import pytest

from coredata_async.bulk import Action, Policy, Selection, UploadJob
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity
from coredata_async.bulk.scan.scan import roots
from coredata_async.bulk.states import State
from coredata_async.errors import ConfigurationError, ServerError


@pytest.fixture
def tree(tmp_path) -> Path:
    root = tmp_path / "T"
    for name, data in {"x.txt": b"x", "a/y.txt": b"yy", "a/b/z": b""}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "empty").mkdir()
    (root / "link").symlink_to("x.txt")
    (root / "bad ").touch()
    return root


@pytest.fixture
def job(client, box, tree, tmp_path):
    def job(**options) -> UploadJob:
        given = {"parent": box.project, "journal": tmp_path / "job.sqlite", **options}
        return UploadJob(client, given.pop("paths", [tree]), **given)

    return job


async def planned(job: UploadJob) -> list[Action]:
    async with aclosing(job.plan()) as actions:
        return [each async for each in actions]


def verbs(actions: list[Action], root: Path) -> dict[str, str]:
    named = {os.path.relpath(each.path, root): each.verb for each in actions}
    assert len(named) == len(actions)
    return named


FRESH = {
    ".": "folder",
    "bad ": "fail",
    "link": "skip",
    "x.txt": "upload",
    "a": "folder",
    "a/y.txt": "upload",
    "a/b": "folder",
    "a/b/z": "upload",
}


async def test_the_first_time_folders_come_before_their_files(job, tree) -> None:
    found = await planned(job())

    assert verbs(found, tree) == FRESH
    assert [each.path for each in found if each.verb == "folder"] == [
        str(tree / name) for name in (".", "a", "a/b")
    ]
    assert {each.path: each.size for each in found}[str(tree / "a" / "y.txt")] == 2


async def test_nothing_is_written_anywhere(job, box, tree, tmp_path, monkeypatch) -> None:
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    monkeypatch.setenv("HOME", str(tmp_path))

    await planned(job(journal=None))

    assert not state.exists()
    assert list(tmp_path.iterdir()) == [tree]
    assert {seen.method for seen in box.state.requests} == {"GET"}


async def test_its_actions_are_those_of_the_job(job, box, tree, tmp_path) -> None:
    found = verbs(await planned(job()), tree)

    report = await job().run()

    assert list(found.values()).count("upload") == report.counts.done
    assert list(found.values()).count("skip") == report.counts.skipped
    assert list(found.values()).count("fail") == report.counts.failed
    assert list(found.values()).count("folder") == len({each.parent for each in box.state.files})


async def test_after_a_run_only_the_rest_is_planned_and_the_journal_is_unchanged(job, tree, tmp_path) -> None:
    await job().run()
    before = (tmp_path / "job.sqlite").read_bytes()
    (tree / "a" / "y.txt").write_bytes(b"changed")
    (tree / "new").mkdir()
    (tree / "new" / "n").touch()

    found = await planned(job())

    assert verbs(found, tree) == {
        "bad ": "fail",
        "link": "skip",
        "x.txt": "skip",
        "a/y.txt": "upload",
        "a/b/z": "skip",
        "new": "folder",
        "new/n": "upload",
    }
    assert {each.message for each in found if each.path.endswith(("x.txt", "z"))} == {"done"}
    assert (tmp_path / "job.sqlite").read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["T", "job.sqlite"]


@pytest.mark.parametrize(
    ("existing", "same", "other"),
    [
        ("skip", "skip", "skip"),
        ("skip-same", "skip", "upload"),
        ("version", "skip", "version"),
        ("error", "fail", "fail"),
    ],
)
async def test_existing_files_are_decided_by_the_rule(  # noqa: PLR0917
    job, tree, tmp_path, existing, same, other
) -> None:
    await job().run()
    (tmp_path / "job.sqlite").unlink()
    (tree / "a" / "y.txt").write_bytes(b"zz")

    found = verbs(await planned(job(policy=Policy(existing=existing))), tree)

    assert (found["x.txt"], found["a/y.txt"]) == (same, other)
    assert "folder" not in found.values()


async def test_empty_folders_are_created_if_the_policy_says_so(job, tree) -> None:
    found = verbs(await planned(job(policy=Policy(empty_dirs=True))), tree)

    assert found == {**FRESH, "empty": "folder"}


async def test_a_folder_without_uploads_is_not_created(job, tree) -> None:
    found = verbs(await planned(job(selection=Selection(min_size=2))), tree)

    assert found == {".": "folder", "link": "skip", "a": "folder", "a/y.txt": "upload"}


async def test_an_unknown_file_is_resolved_even_if_it_has_vanished(job, client, box, tree, tmp_path) -> None:
    await job().run()
    (found,) = roots([tree])
    engine = client.engine()
    binding = JobIdentity(engine.tenant, engine.account, box.project, (found.path,))
    journal = await Journal.open(tmp_path / "job.sqlite", binding)
    await journal.write(("UPDATE item SET state = ? WHERE filename = 'x.txt'", (State.REGISTERING,)))
    await journal.write(("UPDATE item SET state = ? WHERE filename = 'y.txt'", (State.STORED,)))
    await journal.write(("UPDATE item SET state = ? WHERE filename = 'z'", (State.CONFIRMED,)))
    await journal.aclose()
    (tree / "x.txt").unlink()

    actions = await planned(job())

    words = {Path(each.path).name: each.message for each in actions}
    assert verbs(actions, tree) == {
        "bad ": "fail",
        "link": "skip",
        "x.txt": "resolve",
        "a/y.txt": "upload",
        "a/b/z": "skip",
    }
    assert words["y.txt"] == "its bytes are stored already"


async def test_it_is_refused_while_the_job_runs_and_the_job_continues(job) -> None:
    async with job() as running:
        with pytest.raises(ConfigurationError, match="in use"):
            await planned(job())
        async for _ in running:
            pass

    assert running.report.counts.done == 3


async def test_the_journal_of_another_job_is_refused_by_its_own_name(job, box, tmp_path) -> None:
    await job().run()

    with pytest.raises(ConfigurationError, match=r"job\.sqlite belongs to a job with another parent"):
        await planned(job(parent=box.state.add_folder("F", box.project)))


async def test_a_file_that_is_not_a_journal_is_refused_and_a_damaged_journal_is_ignored(
    job, tree, tmp_path
) -> None:
    await job().run()
    journal = tmp_path / "job.sqlite"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:100] + b"\0" * 4000 + b"\xff" * (len(whole) - 4100))

    damaged = await planned(job())
    kept = journal.read_bytes()
    journal.write_bytes(b"no database" * 1000)
    with pytest.raises(ConfigurationError, match="is not a journal"):
        await planned(job())

    assert kept != whole
    assert {each.message[:4] for each in damaged if each.path.endswith("x.txt")} == {"File"}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["T", "job.sqlite"]


async def test_an_early_end_and_an_error_leave_no_scratch_journal(job, box, tmp_path, monkeypatch) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(notes))
    actions = job().plan()
    await anext(actions)
    during = list(notes.iterdir())

    await actions.aclose()
    box.faults.status("folders.list", 500, times=99)
    with pytest.raises(ServerError):
        await planned(job())

    assert during
    assert list(notes.iterdir()) == []


async def test_the_default_journal_is_found_and_continued(job, tree, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    await job(journal=None).run()

    found = await planned(job(journal=None))

    assert [each.message for each in found if each.path == str(tree / "x.txt")] == ["done"]


async def test_a_directory_and_its_content_are_two_jobs(job, box, tree, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    await job(journal=None).run()

    found = verbs(await planned(job(journal=None, paths=[f"{tree}/."])), tree)
    report = await job(journal=None, paths=[f"{tree}/."]).run()

    assert found == {name: verb for name, verb in FRESH.items() if name != "."}
    assert (report.counts.done, len(box.state.files)) == (3, 6)
