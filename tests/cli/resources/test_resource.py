"""Tests of the check of `--fields`, before a request is sent."""

import pytest

from tests.cli.walk import arguments, commands

HAVE = {
    name: context.command
    for name, context in commands()
    if any(each.name == "fields_" for each in context.command.params)
}


@pytest.fixture
def offline(bare, monkeypatch):
    """Return a shell that cannot reach a server."""
    for name in ("COREDATA_BASE_URL", "FIVEPM_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("COREDATA_API_USER", "COREDATA_API_KEY", "FIVEPM_LOGIN", "FIVEPM_PASSWORD"):
        monkeypatch.setenv(name, "geheim")
    return bare


@pytest.mark.parametrize("name", [name for name in HAVE if "auth sign" not in name])
def test_an_unknown_name_is_a_matter_of_usage_in_every_command(name, offline, tmp_path) -> None:
    (tmp_path / "f").write_text("x")

    done = offline(*name.split(), *arguments(HAVE[name], str(tmp_path / "f")), "--fields", "nonsense")

    assert done.code == 2, done.err
    assert "field 'nonsense' does not exist" in done.err
    assert "Fields: " in done.err


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("id,titel", "Did you mean title?"),
        ("space.titel", "Did you mean space.title?"),
        ("space.titel", "Fields: space.id, space.title."),
        ("title.length", "title has no fields of its own"),
        ("creatd", "created or created_by"),
        ("extr.a", "field 'extr.a' does not exist"),
    ],
)
def test_the_nearest_names_are_offered(offline, fields, said) -> None:
    done = offline("projects", "list", "--fields", fields)

    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(
    "fields", ["id", " id , title,", "space.title", "aspects.any.thing", "extra.any", "space.extra.any", ""]
)
def test_known_open_and_undocumented_names_are_accepted(shell, fields) -> None:
    shell.ok("projects", "list", "--fields", fields, "--json")


def test_fields_of_the_server_that_are_not_documented_are_shown(shell, far) -> None:
    (row,) = shell.ok("spaces", "list", "--fields", "title,extra.nope", "--json").lines

    assert row == {"title": "Sandbox", "extra.nope": None}
