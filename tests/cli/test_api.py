"""Tests of requests to any path, with key, retries and typed errors."""

import json

import pytest

from tests.cli.recorder import ID, Recorder


@pytest.fixture
def there():
    with Recorder({"GET": (200, b'{"a":"\xc3\xbe"}')}) as there:
        yield there


@pytest.fixture
def caller(there, bare, monkeypatch):
    monkeypatch.setenv("COREDATA_BASE_URL", there.url)
    monkeypatch.setenv("COREDATA_API_USER", "me")
    monkeypatch.setenv("COREDATA_API_KEY", "geheimer-schluessel")
    monkeypatch.setenv("COREDATA_MAX_RETRIES", "0")
    bare.secrets = ("geheimer-schluessel", "geheim")
    return bare


def test_a_get_prints_the_body_as_it_came(caller, there) -> None:
    done = caller.ok("api", "get", "/api/v2/valuelists/?a=1", "--query", "b=2 3", "--query", "c=")

    assert done.out == '{"a":"þ"}\n'
    assert there.seen == [("GET", "/api/v2/valuelists/?a=1&b=2%203&c=", b"")]


def test_on_a_terminal_json_is_pretty(caller, monkeypatch) -> None:
    monkeypatch.setattr("coredata_async.cli.api._is_terminal", lambda: True)

    assert caller.ok("api", "GET", "/api/v2/x/").out == '{\n  "a": "þ"\n}\n'


def test_a_post_sends_json_and_expects_a_creation(caller, there, tmp_path) -> None:
    (tmp_path / "new.json").write_text('{"title": 1}')

    done = caller.ok("api", "POST", "/api/v2/things/", "--data", f"@{tmp_path / 'new.json'}", "--include")

    assert json.loads(there.seen[0][2]) == {"title": 1}
    assert done.out.startswith("201 Created\n")
    assert f"Location: /api/v2/things/{ID}/" in done.out


def test_a_body_may_come_from_stdin(caller, there) -> None:
    caller.ok("api", "PUT", "/api/v2/things/1/", "--data", "-", stdin="null")
    caller.ok("api", "PUT", "/api/v2/things/1/", "--data", "-", stdin="[1]")

    assert [body for *_, body in there.seen] == [b"", b"[1]"]


def test_another_status_than_the_usual_is_a_failure_unless_expected(caller) -> None:
    done = caller("api", "GET", "/api/v2/x/", "--expect", "201")

    assert (done.code, done.out) == (1, "")
    assert "200 OK" in done.err
    assert caller.ok("api", "DELETE", "/api/v2/x/", "--expect", "204").out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("GET", "/api/v2/x"),
        ("GET", "api/v2/x/"),
        ("GET", "//evil.example/"),
        ("GET", "https://evil.example/"),
        ("GET", "/api/v2/x/", "--query", "novalue"),
        ("POST", "/api/v2/x/", "--data", "{"),
        ("POST", "/api/v2/x/", "--data", "@/not/there"),
        ("GET", "/api/v2/x/", "--expect", "soon"),
    ],
)
def test_what_cannot_be_meant_is_a_matter_of_usage(arguments, caller, there) -> None:
    assert caller("api", *arguments).code == 2
    assert there.seen == []


def test_refusals_are_typed(shell) -> None:
    done = shell("api", "GET", "/api/v2/projects/nope/")

    assert (done.code, done.out) == (1, "")
    assert "404 Not Found" in done.err
