"""Tests of the output and the exit code of `coredata doctor`."""

import pytest


def test_answers_are_json_lines(shell, far) -> None:
    done = shell.ok("doctor", "--parent", far.project, "--json")

    assert {"name", "question", "answer", "detail", "level"} == set(done.lines[0])
    found = {each["name"]: each["level"] for each in done.lines}
    assert (found["auth-v2"], found["upload"], found["clean-up"]) == ("ok", "ok", "ok")
    assert set(found.values()) <= {"ok", "note", "risk", "unknown"}
    assert "Signature=" not in done.out + done.err
    assert far.state.files == []


def test_people_get_a_table(shell) -> None:
    done = shell.ok("doctor")

    assert done.out.splitlines()[0].split() == ["level", "question", "answer", "detail"]
    assert "Does version 2 accept the key?" in done.out


@pytest.mark.parametrize(("name", "findings"), [("COREDATA_API_KEY", 1), ("COREDATA_API_KEY_V3", 13)])
def test_a_key_that_is_refused_is_a_matter_of_authentication(shell, monkeypatch, name, findings) -> None:
    monkeypatch.setenv(name, "rangur-lykill")

    done = shell("doctor", "--json")

    assert (done.code, len(done.lines)) == (6, findings)
    assert "rangur-lykill" not in done.out + done.err


def test_what_is_left_behind_is_said(shell, far) -> None:
    far.faults.status("documents.delete", 405, times=None)

    done = shell.ok("doctor", "--parent", far.project, "--json")

    assert "left behind" in done.err
    assert "coredata-doctor-" in done.err


def test_no_server_is_a_failure(shell) -> None:
    done = shell("doctor", "--base-url", "http://127.0.0.1:9", "--json")

    assert (done.code, done.out) == (6, "")
