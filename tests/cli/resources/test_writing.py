"""Tests of the exact bytes that `create`, `update` and `delete` send."""

import json

import pytest

from tests.cli.recorder import ID, Recorder


@pytest.fixture
def there():
    with Recorder() as there:
        yield there


@pytest.fixture
def writer(there, bare, monkeypatch):
    monkeypatch.setenv("COREDATA_BASE_URL", there.url)
    monkeypatch.setenv("COREDATA_API_USER", "me")
    monkeypatch.setenv("COREDATA_API_KEY", "geheimer-schluessel")
    bare.secrets = ("geheimer-schluessel",)
    return bare


def test_create_sends_what_was_given_and_prints_the_id(writer, there) -> None:
    done = writer.ok(
        *("projects", "create", "--space", "s", "--title", "Þing", "--due-date", "2026-01-31"),
        *("--tags", "a", "--tags", "b, c", "--aspects", '{"url": {"url": "www.example.is"}}'),
    )

    ((method, path, body),) = there.seen
    assert (method, path) == ("POST", "/api/v2/projects/")
    assert json.loads(body) == {
        "space": "s",
        "title": "Þing",
        "due_date": "2026-01-31",
        "tags": ["a", "b, c"],
        "aspects": {"url": {"url": "www.example.is"}},
    }
    assert done.out == f"{ID}\n"


def test_create_gives_the_id_as_json(writer) -> None:
    assert writer.ok("comments", "create", "--doc-id", "d", "--text", "x", "--json").lines == [{"id": ID}]


def test_objects_in_a_list_are_json_each(writer, there) -> None:
    writer.ok(
        "contacts", "create", "--title", "c", "--emails", '{"email": "a@b"}', "--emails", '{"email": "c@d"}'
    )

    assert json.loads(there.seen[0][2])["emails"] == [{"email": "a@b"}, {"email": "c@d"}]


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (("--title", "x"), {"title": "x"}),
        (("--tags", "a"), {"tags": ["a"]}),
        (("--clear", "description"), {"description": None}),
        (("--clear", "due-date", "--clear", "tags"), {"due_date": None, "tags": None}),
        (("--clear", "status", "--title", "x"), {"title": "x", "status": None}),
        (("--description", ""), {"description": ""}),
    ],
)
def test_update_sends_only_what_is_given_and_null_for_what_is_cleared(options, body, writer, there) -> None:
    writer.ok("projects", "update", "p1", *options)

    ((method, path, sent),) = there.seen
    assert (method, path) == ("PUT", "/api/v2/projects/p1/")
    assert json.loads(sent) == body


@pytest.mark.parametrize(
    "arguments",
    [
        ("projects", "update", "p"),
        ("projects", "update", "p", "--clear", "title"),
        ("projects", "update", "p", "--clear", "nonsense"),
        ("projects", "update", "p", "--clear", "tags", "--tags", "a"),
        ("projects", "update", "p", "--due-date", "soon"),
        ("projects", "update", "p", "--due-date", "2026-01-31T10:00:00Z"),
        ("projects", "update", "p", "--aspects", "[1]"),
        ("projects", "update", "p", "--aspects", "{"),
        ("projects", "update", "p", "--aspects", "@/not/there"),
        ("projects", "update", "a/b", "--title", "x"),
        ("projects", "create", "--title", "without space"),
        ("projects", "delete", "", "--yes"),
        ("projects", "delete", "--yes"),
        ("projects", "delete", ".."),
        ("files", "create"),
        ("spaces", "delete", "s"),
    ],
)
def test_what_cannot_be_meant_is_a_matter_of_usage_and_nothing_is_sent(arguments, writer, there) -> None:
    assert writer(*arguments).code == 2
    assert there.seen == []


def test_json_comes_from_a_file_or_from_stdin(writer, there, tmp_path) -> None:
    (tmp_path / "a.json").write_text('{"a": {"b": "ð"}}', "utf-8")

    writer.ok("projects", "update", "p", "--aspects", f"@{tmp_path / 'a.json'}")
    writer.ok("projects", "update", "p", "--aspects", "-", stdin='{"a": {"b": "ð"}}')

    assert [json.loads(body) for *_, body in there.seen] == [{"aspects": {"a": {"b": "ð"}}}] * 2


def test_delete_asks_and_takes_no_for_an_answer(writer, there) -> None:
    done = writer("projects", "delete", "p1", "p2", stdin="n\n")

    assert done.code == 1
    assert "p1, p2" in done.err
    assert there.seen == []


def test_delete_goes_on_after_a_yes(writer, there) -> None:
    writer.ok("projects", "delete", "p1", "p2", "p1", stdin="y\n")

    assert sorted(path for _, path, _ in there.seen) == ["/api/v2/projects/p1/", "/api/v2/projects/p2/"]


def test_delete_without_a_terminal_for_the_confirmation_is_a_usage_error(writer, there) -> None:
    done = writer("projects", "delete", "p1")

    assert done.code == 2
    assert "--yes" in done.err
    assert there.seen == []


def test_of_several_one_that_fails_does_not_stop_the_others(shell, far) -> None:
    done = shell("projects", "delete", "nope", far.project, "--yes")

    assert done.code == 1
    assert f"deleted {far.project}" in done.err
    assert "nope" in done.err


def test_a_write_whose_answer_is_lost_is_unresolved(shell, far) -> None:
    far.faults.reset_after("projects.create")

    done = shell("projects", "create", "--space", far.space, "--title", "x")

    assert done.code == 5
    assert "may or may not" in done.err
