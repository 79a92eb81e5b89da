"""Tests of `coredata 5pm`: every method of the second service, from a shell."""

import asyncio
import json

import pytest

from coredata_async.cli.fivepm.app import ServiceGroup, command_name
from coredata_async.fivepm import FivePM
from coredata_async.fivepm.methods import METHODS


@pytest.fixture(params=["json", "xml"])
def pm(request, far, bare, monkeypatch):
    """Return a function that runs `coredata 5pm …` against the sandbox, in both formats."""
    monkeypatch.setenv("FIVEPM_URL", far.fivepm.url)
    monkeypatch.setenv("FIVEPM_LOGIN", far.fivepm.login)
    monkeypatch.setenv("FIVEPM_PASSWORD", far.fivepm.password)
    bare.secrets = (far.fivepm.password,)

    def pm(*arguments: str, stdin: str = ""):
        done = bare("5pm", "--format", request.param, *arguments, stdin=stdin)
        assert done.code == 0, done.err
        return done

    pm.shell = bare
    return pm


def added(pm, service: str, *options: str) -> str:
    (made,) = pm(service, "add", *options, "--json").lines
    return str(made["id"])


@pytest.mark.parametrize("row", METHODS.values(), ids=METHODS)
def test_every_method_has_a_command_and_a_help_text(row, bare) -> None:
    service = row.python.partition(".")[0]

    output = bare.ok("5pm", service, command_name(row), "--help").out

    assert row.full_name in output
    assert len(output.splitlines()[2].strip()) > 8


def test_all_36_methods_are_reached() -> None:
    groups = {row.python.partition(".")[0] for row in METHODS.values()}

    assert sum(len(ServiceGroup(each).list_commands(None)) for each in groups) == 36 == len(METHODS)


def test_who_one_is(pm, far) -> None:
    assert pm("auth", "user", "--json").lines[0]["email"] == far.fivepm.login


def test_signing_in_shows_no_session(pm) -> None:
    done = pm("auth", "sign-in")

    assert (done.out, done.err) == ("", "signed in\n")
    assert pm("auth", "sign-out").out == ""


def test_statuses_and_priorities(pm) -> None:
    assert {"10", "20", "30"} <= {each["id"] for each in pm("metainfo", "statuses", "--json").lines}
    assert pm("metainfo", "priorities", "--json").lines


@pytest.mark.parametrize(
    ("service", "new", "field"),
    [
        ("projects", ("--name", "Úttekt", "--priority", "3"), "name"),
        ("tasks", ("--name", "Telja", "--end-date", "2030-01-02"), "name"),
        ("groups", ("--name", "Hópur"), "name"),
    ],
)
def test_what_is_added_is_read_changed_listed_and_removed(service, new, field, pm) -> None:
    key = added(pm, service, *new)

    assert pm(service, "get", key, "--json").lines[0][field] == new[1]
    pm(service, "update", key, f"--{field}", "Ný")
    assert (key, "Ný") in [(each["id"], each[field]) for each in pm(service, "list", "--json").lines]
    assert f"removed {key}" in pm(service, "remove", key, "--yes").err
    assert pm.shell("5pm", service, "get", key).code == 1


def test_users_are_found_by_their_address(pm, tmp_path) -> None:
    (tmp_path / "password").write_text("leyni-1234\n")
    pm.shell.secrets += ("leyni-1234",)
    key = added(
        pm,
        "users",
        *("--first-name", "Finn", "--email", "finn@example.is", "--security-level", "100"),
        *("--password", f"@{tmp_path / 'password'}"),
    )

    assert pm("users", "get-by-email", "finn@example.is", "--json").lines[0]["id"] == key
    pm("users", "update", key, "--company", "Wise")
    assert pm("users", "get", key, "--json").lines[0]["company"] == "Wise"
    assert key in [each["id"] for each in pm("users", "list", "--json").lines]
    pm("users", "remove", key, "--yes")


def test_a_password_cannot_be_an_option(pm) -> None:
    done = pm.shell("5pm", "users", "update", "1", "--password", "leyni")

    assert done.code == 2
    assert "cannot be given as an option" in done.err


def test_files_go_to_an_activity_and_come_back(pm, tmp_path) -> None:
    project = added(pm, "projects", "--name", "p")
    note = added(pm, "activity", "--project-id", project, "--type", "msg", "--text", "sjá viðhengi")
    for name in ("a b.txt", "é.bin"):
        (tmp_path / name).write_bytes(name.encode() * 999)

    pm("activity", "attach", note, str(tmp_path / "a b.txt"), str(tmp_path / "é.bin"))

    files = pm("activity", "files", "--project-id", project, "--json").lines
    assert sorted(each["name"] for each in files) == ["a b.txt", "é.bin"]
    (shown,) = pm("activity", "list", "--project-id", project, "--with-files", "--json").lines
    assert len(shown["files"]) == 2
    out = tmp_path / "out"
    for each in files:
        pm("activity", "download", each["id"], "-o", str(out / each["name"]) if out.exists() else f"{out}/")
    assert {path.read_bytes() for path in out.iterdir()} == {
        name.encode() * 999 for name in ("a b.txt", "é.bin")
    }
    pm("activity", "remove-file", files[0]["id"], "--yes")
    assert len(pm("activity", "files", "--project-id", project, "--json").lines) == 1


def test_nothing_is_overwritten_by_a_download(pm, tmp_path) -> None:
    project = added(pm, "projects", "--name", "p")
    note = added(pm, "activity", "--project-id", project, "--type", "msg", "--text", "x")
    (tmp_path / "a").write_bytes(b"new")
    pm("activity", "attach", note, str(tmp_path / "a"))
    (file,) = pm("activity", "files", "--project-id", project, "--json").lines
    (tmp_path / "mine").write_bytes(b"mine")

    done = pm.shell("5pm", "activity", "download", file["id"], "-o", str(tmp_path / "mine"))

    assert done.code == 1
    assert (tmp_path / "mine").read_bytes() == b"mine"
    pm("activity", "download", file["id"], "-o", str(tmp_path / "mine"), "--force")
    assert (tmp_path / "mine").read_bytes() == b"new"


@pytest.mark.parametrize(
    "manner",
    [
        ("--post-params", "query"),
        ("--post-params", "split"),
        ("--credential", "login"),
        ("--files", "multipart"),
    ],
    ids=" ".join,
)
def test_what_is_not_documented_can_be_switched(manner, pm, tmp_path) -> None:
    (tmp_path / "a.txt").write_bytes(b"bytes")
    project = added(pm, "projects", "--name", "Úttekt", *manner)
    note = added(pm, "activity", "--project-id", project, "--type", "msg", "--text", "x", *manner)
    pm("activity", "attach", note, str(tmp_path / "a.txt"), *manner)

    (file,) = pm("activity", "files", "--project-id", project, "--json").lines
    pm("activity", "download", file["id"], "-o", str(tmp_path / "b"), "--wrapping", "raw")
    assert (tmp_path / "b").read_bytes() == b"bytes"


def test_a_listing_ends_where_it_was_asked_to(pm) -> None:
    for name in "abc":
        added(pm, "tasks", "--name", name)

    assert len(pm("tasks", "list", "--limit", "2", "--page-size", "1", "--json").lines) == 2
    assert len(pm("projects", "all", "--limit", "1", "--json").lines) <= 1


def test_a_table_has_the_columns_people_look_for(pm) -> None:
    added(pm, "tasks", "--name", "Telja")

    assert pm("tasks", "list").out.split()[:2] == ["id", "name"]
    assert pm("tasks", "list", "--fields", "name").out.split() == ["name", "Telja"]


def test_clearing_sends_an_empty_field(pm) -> None:
    key = added(pm, "tasks", "--name", "t", "--description", "gamalt")

    pm("tasks", "update", key, "--clear", "description")

    assert pm("tasks", "get", key, "--json").lines[0]["description"] == ""


def test_an_update_of_nothing_is_a_mistake(pm) -> None:
    assert pm.shell("5pm", "tasks", "update", "1").code == 2


def test_a_time_with_a_zone_is_a_mistake(pm) -> None:
    done = pm.shell("5pm", "tasks", "add", "--name", "x", "--end-date", "2030-01-01T12:00Z")

    assert done.code == 2
    assert "local time" in done.err


def test_nothing_is_removed_unasked(pm) -> None:
    key = added(pm, "tasks", "--name", "t")

    assert pm.shell("5pm", "tasks", "remove", key, stdin="n\n").code == 1
    assert pm.shell("5pm", "tasks", "remove", key).code == 2
    pm("tasks", "get", key)


def test_a_wrong_password_exits_as_everywhere(pm, monkeypatch) -> None:
    monkeypatch.setenv("FIVEPM_PASSWORD", "rangt-lykilorð")

    done = pm.shell("5pm", "auth", "user")

    assert done.code == 6
    assert "rangt" not in done.err


def test_what_is_missing_is_named(bare, monkeypatch) -> None:
    for name in ("URL", "LOGIN", "PASSWORD"):
        monkeypatch.delenv(f"FIVEPM_{name}", raising=False)

    done = bare("5pm", "auth", "user")

    assert done.code == 2
    assert "FIVEPM_PASSWORD" in done.err


def test_the_profile_of_the_configuration_has_its_5pm_account(far, bare, tmp_path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        f'[fivepm.home]\nurl = "{far.fivepm.url}"\nlogin = "{far.fivepm.login}"\n'
        f'password = "{far.fivepm.password}"\n'
    )
    path.chmod(0o644)
    bare.secrets = (far.fivepm.password,)

    done = bare.ok("5pm", "auth", "user", "--json", "--config", str(path), "--profile", "home")

    assert json.loads(done.out)["email"] == far.fivepm.login
    assert "chmod 600" in done.err


def test_what_the_client_adds_the_command_reads(pm, far) -> None:
    async def add() -> str:
        async with FivePM(far.fivepm.url, login=far.fivepm.login, password=far.fivepm.password) as client:
            return (await client.tasks.add(name="handvirkt")).id

    key = asyncio.run(add())

    assert pm("tasks", "get", key, "--json").lines[0]["name"] == "handvirkt"
