"""Tests of results: JSON lines for programs, tables for people."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import attrs
import pytest
from rich.console import Console

from coredata_async.cli import output
from coredata_async.cli.output import flatten, select
from coredata_async.fields import plain, plain_object
from coredata_async.resources.document import SpaceRef
from coredata_async.resources.projects import Project
from coredata_async.resources.values import Aspects, ListValue

MADE = Project(
    id="p1",
    title="Þing",
    created=datetime(2023, 10, 25, 21, 1, 18, tzinfo=timezone(timedelta(hours=2))),
    due_date=date(2024, 1, 2),
    status=ListValue("project_status:Pending:"),
    space=SpaceRef(id="s1", title="Board", extra={"colour": "red"}),
    tags=("a", "b"),
    aspects=Aspects({"url": {"url": "www.example.is"}}),
    extra={"new_field": [1, {"x": None}]},
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", "Þing"),
        ("space.title", "Board"),
        ("space.colour", "red"),
        ("aspects.url.url", "www.example.is"),
        ("new_field.x", [None, None]),
        ("title.x", None),
        ("nope.x", None),
    ],
)
def test_dotted_fields_go_deeper(path: str, value: object) -> None:
    assert select(plain_object(MADE), path) == value


def test_details_leave_out_what_is_empty() -> None:
    told = dict(flatten(plain_object(MADE)))

    assert told["space.title"] == "Board"
    assert "description" not in told
    assert "contacts" not in told


def test_fields_choose_what_json_lines_hold(shell, far) -> None:
    done = shell.ok("projects", "list", "--json", "--fields", "id, space.title")

    assert done.lines == [{"id": far.project, "space.title": "Sandbox"}]


def test_fields_choose_the_columns(shell, far) -> None:
    head, row = shell.ok("projects", "get", far.project, "--fields", "space.title,id").out.splitlines()

    assert head.split() == ["space.title", "id"]
    assert row.split() == ["Sandbox", far.project]


def test_a_field_that_every_object_lacks_is_reported(shell) -> None:
    done = shell.ok("projects", "list", "--fields", "id,extra.titel")

    assert "'extra.titel'" in done.err


def test_an_empty_list_is_reported_to_people_only(shell) -> None:
    done = shell.ok("projects", "list", "--title", "nope")

    assert (done.out, done.err) == ("", "the list is empty\n")
    assert shell.ok("projects", "list", "--title", "nope", "--json").out == ""


def test_people_read_nothing_on_stderr_when_all_is_well(shell) -> None:
    assert shell.ok("projects", "list").err == ""


def test_long_titles_are_whole_in_a_pipe(shell, far) -> None:
    shell.ok("projects", "update", far.project, "--title", "x" * 500)

    assert "x" * 500 in shell.ok("projects", "list").out


def test_a_title_cannot_move_the_cursor_or_forge_a_row(shell, far) -> None:
    shell.ok("projects", "update", far.project, "--title", "a\x1b[2J\nforged [red]")

    table = shell.ok("projects", "list").out
    assert "\x1b" not in table
    assert len(table.splitlines()) == 2
    assert "forged [red]" in table


def test_a_narrow_terminal_folds_titles_and_no_ids(monkeypatch, capsys) -> None:
    narrow = Console(width=45, force_terminal=True, color_system=None)
    monkeypatch.setattr(output, "Console", lambda **_: narrow)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    rows = output.Rows(["id", "title"])
    rows.add(attrs.evolve(MADE, id="e139a8ac-7368-11ee-8c99-0242ac120002", title="x" * 100))

    rows.close()

    told = capsys.readouterr().out
    assert "e139a8ac-7368-11ee-8c99-0242ac120002" in told
    assert told.count("x") == 100


@pytest.mark.parametrize("width", range(46, 140, 4))
def test_nothing_is_lost_in_a_terminal_of_any_width(width: int, monkeypatch, capsys) -> None:
    monkeypatch.setattr(output, "Console", lambda **_: Console(width=width, force_terminal=True))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    rows = output.Rows(["id", "title", "status", "created"])
    title = "A title of several words, with a-very-long-one-that-must-be-folded-in-the-middle"
    rows.add(attrs.evolve(MADE, id="e139a8ac-7368-11ee-8c99-0242ac120002", title=title))

    rows.close()

    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    words = [word for line in shown.splitlines() for word in line.split()]
    assert {"e139a8ac-7368-11ee-8c99-0242ac120002", "project_status:Pending:"} <= set(words), shown
    assert {"A", "title", "of", "several", "words,", "2023-10-25T19:01:18Z"} <= set(words), shown
    assert {"id", "title", "status", "created"} <= set(words), shown


def test_a_long_listing_comes_in_blocks(monkeypatch, capsys) -> None:
    monkeypatch.setattr(output, "BLOCK", 2)
    rows = output.Rows(["id"])
    for number in range(5):
        rows.add(attrs.evolve(MADE, id=f"p{number}"))
    rows.close()

    assert capsys.readouterr().out.split() == ["id", "p0", "p1", "id", "p2", "p3", "id", "p4"]


def test_a_stdout_that_knows_no_icelandic_gets_escapes(monkeypatch, capsys) -> None:
    class Ascii:
        encoding = "ascii"

    monkeypatch.setattr(output, "sys", type("sys", (), {"stdout": Ascii}))

    output.echo_json({"title": "Þ"})

    assert capsys.readouterr().out == '{"title": "\\u00de"}\n'


def test_utc_is_utc() -> None:
    assert MADE.created.astimezone(UTC).hour == 19


def test_a_time_without_a_zone_gets_none() -> None:
    assert plain(datetime(2026, 1, 2, 3, 4, 5)) == "2026-01-02T03:04:05"  # as 5pm's are
