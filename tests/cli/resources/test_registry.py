"""Tests of every verb of every resource, as its row declares it."""

import json

import pytest
from attrs import evolve

from coredata_async.cli.resources import resource as nouns_
from coredata_async.cli.resources.registry import NounGroup
from coredata_async.cli.resources.resource import nouns
from coredata_async.client import CoreData
from coredata_async.resources import registry
from coredata_async.resources.projects import TASKS
from coredata_async.services.nouns import Tasks

NOUNS = nouns()
VERBS = {
    "spaces": {"list", "get"},
    "projects": {"list", "get", "create", "update", "delete"}
    | {f"{what}-{which}" for what in ("add", "remove") for which in ("contact", "tags", "users")},
    "files": {"list", "get", "update", "delete", "move"},
    "folders": {"list", "get", "create"},
    "tasks": {"list", "get", "create", "update", "delete"},
    "contacts": {"list", "get", "create"},
    "users": {"list", "get"},
    "comments": {"list", "get", "create"},
    "value-lists": {"list", "get"},
    "dynatypes": {"list", "get"},
}


def commands(name: str) -> list[str]:
    return NounGroup(NOUNS[name]).list_commands(None)


def one_of(shell, far, put, name: str) -> str:
    """Return the key of an object, and create one if necessary."""
    creating = {
        "folders": ("--title", "f", "--parent", far.project),
        "tasks": ("--title", "t", "--project", far.project),
        "contacts": ("--title", "c"),
        "comments": ("--text", "words", "--doc-id", far.project),
    }
    if name == "files":
        return put()
    if name in creating:
        return shell.ok(name, "create", *creating[name]).out.strip()
    return str(shell.ok(name, "list", "--json", "--limit", "1").lines[0][NOUNS[name].kind.key])


@pytest.mark.parametrize("name", NOUNS)
def test_a_noun_has_the_verbs_of_its_row_and_service(name: str) -> None:
    assert set(commands(name)) >= VERBS.get(name, {"list", "get"})
    assert ("create" in commands(name)) == (NOUNS[name].new is not None)


@pytest.mark.parametrize(("name", "verb"), [(name, verb) for name in NOUNS for verb in commands(name)])
def test_every_verb_has_a_help_text(name: str, verb: str, bare) -> None:
    output = bare.ok(name, verb, "--help").out

    assert f"coredata {name} {verb}" in output
    assert len(output.splitlines()[2].strip()) > 8


@pytest.mark.parametrize("name", NOUNS)
def test_every_noun_can_be_listed_and_read(name: str, shell, far, put) -> None:
    key = one_of(shell, far, put, name)

    listed = shell.ok(name, "list", "--json").lines
    (read,) = shell.ok(name, "get", key, "--json").lines

    assert key in [each[NOUNS[name].kind.key] for each in listed]
    assert read[NOUNS[name].kind.key] == key
    assert "extra" not in read
    assert key in shell.ok(name, "get", key).out


@pytest.mark.parametrize("name", NOUNS)
def test_tables_show_keys_whole(name: str, shell, far, put, monkeypatch) -> None:
    key = one_of(shell, far, put, name)
    monkeypatch.setenv("COLUMNS", "30")

    table = shell.ok(name, "list").out.splitlines()

    assert table[0].split()[0] == NOUNS[name].kind.key
    assert key in [line.split()[0] for line in table]


@pytest.mark.parametrize("name", [name for name in NOUNS if "delete" in commands(name)])
def test_what_can_be_deleted_is_gone_afterwards(name: str, shell, far, put) -> None:
    key = one_of(shell, far, put, name)

    assert f"deleted {key}" in shell.ok(name, "delete", key, "--yes").err
    assert shell(name, "get", key).code == 1


@pytest.mark.parametrize("name", [name for name in NOUNS if "update" in commands(name)])
def test_what_can_be_changed_is_changed(name: str, shell, far, put) -> None:
    key = one_of(shell, far, put, name)

    shell.ok(name, "update", key, "--title", "Nýtt", "--tags", "a", "--tags", "b c")

    (now,) = shell.ok(name, "get", key, "--json").lines
    assert (now["title"], now["tags"]) == ("Nýtt", ["a", "b c"])


@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name, noun in NOUNS.items() for option in noun.parents()]
)
def test_what_is_inside_another_object_is_listed_by_option(name: str, option: str, shell, far, put) -> None:
    one_of(shell, far, put, name)
    owner, _ = NOUNS[name].parents()[option]
    key = one_of(shell, far, put, owner)

    shell.ok(name, "list", f"--{option}", key, "--json", "--page-size", "7")

    assert far.state.requests[-1].target == f"/api/v2/{owner}/{key}/{name}?limit=7&offset=0".replace(
        "?", "/?"
    )


def test_files_of_a_project_are_found(shell, far, put) -> None:
    key = put()

    assert [each["id"] for each in shell.ok("files", "list", "--project", far.project, "--json").lines] == [
        key
    ]


def test_inside_another_object_no_filter_is_offered(shell, far) -> None:
    done = shell("files", "list", "--project", far.project, "--title", "x")

    assert done.code == 2
    assert "cannot be combined" in done.err
    assert far.state.count("projects.files") == 0


def test_what_is_not_documented_says_so_in_its_help(bare) -> None:
    assert "legacy" in bare.ok("tasks", "create", "--help").out
    assert "[named]" in bare.ok("folders", "--help").out
    assert "Evidence" not in bare.ok("projects", "create", "--help").out


def test_a_new_row_gives_its_commands_without_a_line_here(monkeypatch, shell, far) -> None:
    cases = evolve(TASKS, path="/api/v2/cases/")
    monkeypatch.setattr(CoreData, "open_cases", property(lambda self: Tasks(self._send)), raising=False)
    rows = {**registry.ROWS, "open_cases": cases}
    monkeypatch.setattr(nouns_, "ROWS", rows)
    monkeypatch.setattr(registry, "ROWS", rows)

    output = shell.ok("open-cases", "--help").out

    assert all(verb in output for verb in VERBS["tasks"])
    key = shell.ok("open-cases", "create", "--project", far.project, "--title", "x").out.strip()
    assert json.loads(shell.ok("open-cases", "get", key, "--json").out)["title"] == "x"
    assert "open-cases" in shell.ok("--help").out


def test_users_are_read_by_username(shell) -> None:
    assert shell.ok("users", "get", "rey", "--json").lines[0]["first_name"] == "Rey"


def test_lists_of_a_project_are_changed_by_their_own_commands(shell, far) -> None:
    contact = shell.ok("contacts", "create", "--title", "c").out.strip()

    shell.ok("projects", "add-contact", far.project, contact)
    shell.ok("projects", "add-tags", far.project, "a", "b")
    shell.ok("projects", "remove-tags", far.project, "a")
    shell.ok("projects", "add-users", far.project, "rey", "--responsible")

    (now,) = shell.ok("projects", "get", far.project, "--json").lines
    assert (now["contacts"], now["tags"]) == ([contact], ["b"])
    assert [user["username"] for user in now["responsible_users"]] == ["rey"]


def test_a_file_is_moved(shell, far, put) -> None:
    file, folder = put(), shell.ok("folders", "create", "--title", "f", "--parent", far.project).out.strip()

    shell.ok("files", "move", file, "--parent", folder)

    assert far.state.documents[file].parent == folder
