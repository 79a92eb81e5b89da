"""Tests of `--parent`: checked before any work, with a default."""

import asyncio

import pytest

UNKNOWN = "11111111-2222-1333-8444-555555555555"


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Return a folder with a file, and a state directory of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.txt").write_text("a")
    return str(tmp_path / "tree")


@pytest.mark.parametrize("command", [["upload"], ["upload", "--dry-run"], ["check"], ["upload", "--json"]])
@pytest.mark.parametrize(
    ("parent", "said"),
    [
        (UNKNOWN, "no Project, Folder or Filespace has the id"),
        ("nonsense", "no Project, Folder or Filespace has the id"),
        ("SPACE", "is a Space"),
        ("FILE", "is a File"),
        ("", "must not be empty"),
        ("a/b", "slash"),
        (" ", "space"),
    ],
)
def test_a_wrong_parent_is_a_matter_of_usage(shell, far, put, tree, tmp_path, command, parent, said) -> None:  # noqa: PLR0917
    parent = {"SPACE": far.space, "FILE": put() if parent == "FILE" else ""}.get(parent, parent)

    done = shell(*command, tree, "--parent", parent)

    assert (done.code, done.out) == (2, "")
    assert "--parent" in done.err
    assert said in done.err
    assert not list((tmp_path / "state").rglob("*.sqlite"))


@pytest.mark.parametrize("parent", [UNKNOWN, "a/b", ""])
def test_the_doctor_writes_nothing_into_a_wrong_parent(shell, parent) -> None:
    done = shell("doctor", "--parent", parent)

    assert (done.code, done.out) == (2, "")


def test_the_archive_fetches_nothing_for_a_wrong_parent(shell, far, tree, monkeypatch) -> None:
    for name in ("URL", "LOGIN", "PASSWORD"):
        monkeypatch.setenv(f"FIVEPM_{name}", "http://127.0.0.1:9" if name == "URL" else "geheim")

    assert shell("5pm", "archive", "1", "--parent", UNKNOWN).code == 2


def test_the_environment_has_the_default(shell, far, tree, monkeypatch) -> None:
    monkeypatch.setenv("COREDATA_PARENT", far.project)

    shell.ok("upload", tree)
    shell.ok("check", tree)

    assert asyncio.run(_count(far)) == 1
    assert shell("check", tree, "--parent", UNKNOWN).code == 2


def test_a_profile_has_the_default(shell, far, tree, tmp_path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'[profiles.a]\nparent = "{far.project}"\n')

    shell.ok("upload", tree, "--config", str(file), "--profile", "a")


def test_without_any_it_says_what_to_give(shell, tree) -> None:
    done = shell("upload", tree)

    assert done.code == 2
    assert "Missing option '--parent'" in done.err
    assert "COREDATA_PARENT" in done.err


def test_the_doctor_does_not_write_because_of_a_variable(shell, far, monkeypatch) -> None:
    monkeypatch.setenv("COREDATA_PARENT", UNKNOWN)

    assert shell("doctor").code == 0


async def _count(far) -> int:
    async with far.client() as client:
        return await client.projects.files(far.project).count()
