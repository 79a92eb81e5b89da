"""Tests of `coredata 5pm archive`: a copy of a project of one service in the other."""

import asyncio
import json

import pytest

from coredata_async.fivepm import Attachment, FivePM


@pytest.fixture
def project(far, shell, monkeypatch, tmp_path) -> str:
    """Return a 5pm project with a file, and a shell that is signed in to both services."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("FIVEPM_URL", far.fivepm.url)
    monkeypatch.setenv("FIVEPM_LOGIN", far.fivepm.login)
    monkeypatch.setenv("FIVEPM_PASSWORD", far.fivepm.password)
    shell.secrets += (far.fivepm.password,)

    async def plant() -> str:
        async with FivePM(far.fivepm.url, login=far.fivepm.login, password=far.fivepm.password) as pm:
            project = await pm.projects.add(name="Úttekt")
            note = await pm.activity.add(project_id=project.id, type="msg", text="sjá viðhengi")
            await pm.activity.attach(note.id, [Attachment(source=b"bytes", name="a.txt")])
            return project.id

    return asyncio.run(plant())


def names(shell, far) -> list[str]:
    return sorted(
        each["filename"] for each in shell.ok("files", "list", "--project", far.project, "--json").lines
    )


def test_a_project_is_archived_and_once_more_is_nothing_new(shell, far, project, tmp_path) -> None:
    report = tmp_path / "report.json"

    first = shell.ok("5pm", "archive", project, "--parent", far.project, "--report", str(report))
    again = shell.ok("5pm", "archive", project, "--parent", far.project)

    assert names(shell, far) == ["a.txt", "activities.jsonl", "project.html"]
    assert "1 new files in 5pm" in first.err
    assert "0 new files in 5pm" in again.err
    assert json.loads(report.read_text())["counts"]["done"] == 3


def test_programs_get_a_line_per_event(shell, far, project) -> None:
    lines = shell.ok("5pm", "archive", project, "--parent", far.project, "--json").lines

    assert lines[0] == {"event": "file_fetched", "id": "1", "name": "a.txt", "size": 5}
    assert lines[-1]["event"] == "report"
    done = [each["path"] for each in lines if each["event"] == "file_done"]
    assert [path.rpartition("/tree/")[2] for path in done].count(f"Úttekt (5pm {project})/a.txt") == 1


def test_a_file_that_5pm_does_not_give_exits_with_1(shell, far, project) -> None:
    far.faults.status("5pm.activity.downloadFile", 404, times=2)

    done = shell("5pm", "archive", project, "--parent", far.project)

    assert done.code == 1
    assert "not fetched: a.txt" in done.err
    shell.ok("5pm", "archive", project, "--parent", far.project)
    assert "a.txt" in names(shell, far)


def test_a_project_that_is_not_there_exits_with_1(shell, far, project) -> None:
    assert shell("5pm", "archive", "999", "--parent", far.project).code == 1
    assert names(shell, far) == []
