"""Calls that all collections have in common."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from coredata_async.call import Call, read_created_id
from coredata_async.errors import (
    ConfigurationError,
    NotFoundError,
    OutcomeUnknownError,
    UnexpectedResponseError,
)
from coredata_async.message import Reply
from coredata_async.resources.files import FILES, File, FileWhere
from coredata_async.resources.projects import PROJECTS, EditProject, NewProject, Project
from coredata_async.wire import calls
from coredata_async.wire.calls import Page, free_request

ID = "d4de3d64-77ca-11ee-a3a4-ef9b9d43eefb"


def listing(*, limit: int | None = 2, offset: int = 0) -> Call[Page[File]]:
    return calls.list_page("/api/v2/files/", File, FileWhere(title="x"), limit=limit, offset=offset)


def page(meta: object, objects: object = ()) -> Reply:
    return Reply(200, body=json.dumps({"meta": meta, "objects": objects}).encode())


def test_a_page_is_asked_for_with_filters_limit_and_offset() -> None:
    request = listing(offset=4).request

    assert (request.method, request.target) == ("GET", "/api/v2/files/?title=x&limit=2&offset=4")
    assert request.headers == {"Accept": "application/json"}
    assert request.body is None
    assert request.repeatable


def test_the_server_may_choose_the_limit() -> None:
    assert listing(limit=None).request.target == "/api/v2/files/?title=x&offset=0"


def test_a_page_is_read_from_its_envelope() -> None:
    meta = {
        "limit": 1,
        "next": "/api/v2/files/?limit=1&offset=1",
        "offset": 0,
        "previous": None,
        "total_count": 6,
    }

    found = listing().answer(page(meta, [{"id": "a"}]))

    assert found == Page(
        items=(File(id="a"),),
        total=6,
        offset=0,
        limit=1,
        has_next=True,
        next="/api/v2/files/?limit=1&offset=1",
    )


@pytest.mark.parametrize(
    ("sent", "offset"), [(0, 0), (7, 7), (None, 4), (-1, 4), ("7", 4), (True, 4), ([], 4)]
)
def test_the_offset_of_a_page_is_the_servers_or_else_the_requested_one(sent: object, offset: int) -> None:
    assert listing(offset=4).answer(page({"total_count": 9, "offset": sent})).offset == offset


def test_a_page_has_the_servers_next_and_previous() -> None:
    meta = {"total_count": 9, "next": "/api/v2/files/?offset=6", "previous": "/api/v2/files/?offset=2"}

    found = listing(offset=4).answer(page(meta))

    assert (found.next, found.previous) == ("/api/v2/files/?offset=6", "/api/v2/files/?offset=2")


def test_a_page_is_a_sequence_of_its_objects() -> None:
    found = listing().answer(page({"total_count": 2}, [{"id": "a"}, {"id": "b"}]))

    assert [file.id for file in found] == ["a", "b"]
    assert (len(found), found[0].id, found[-1].id, len(found[:1])) == (2, "a", "b", 1)
    assert found.items[1] in found
    assert not listing().answer(page({"total_count": 0}))


@pytest.mark.parametrize(
    ("said", "limit"), [(20, 20), (None, 2), (0, 2), (-1, 2), ("20", 2), ([], 2), ({"a": 1}, 2)]
)
def test_the_limit_is_the_servers_or_else_ours(said: object, limit: int) -> None:
    assert listing().answer(page({"total_count": 0, "limit": said})).limit == limit


def test_without_any_limit_a_page_is_what_it_holds() -> None:
    assert listing(limit=None).answer(page({"total_count": 9}, [{"id": "a"}, {"id": "b"}])).limit == 2


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"{}",
        b'{"objects": []}',
        b'{"meta": {}, "objects": []}',
        b'{"meta": {"total_count": null}, "objects": []}',
        b'{"meta": {"total_count": "9"}, "objects": []}',
        b'{"meta": {"total_count": 9}}',
        b'{"meta": {"total_count": 9}, "objects": null}',
        b'{"meta": {"total_count": 9}, "objects": {}}',
        b'{"meta": {"total_count": 9}, "objects": "abc"}',
    ],
)
def test_what_is_not_an_envelope_is_reported(body: bytes) -> None:
    with pytest.raises(UnexpectedResponseError, match="the answer is not a listing"):
        listing().answer(Reply(200, body=body))


def test_one_bad_value_in_a_page_hides_neither_its_object_nor_the_others() -> None:
    good, bad = listing().answer(page({"total_count": 2}, [{"id": "a"}, {"id": "b", "size": "x"}])).items

    assert good == File(id="a")
    assert bad == File(id="b", extra={"size": "x"})


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"title": "x"}, "File has no id"),
        ({"id": ["a"]}, "File: field id: expected text, not a list"),
        (7, "expected an object, not 7"),
    ],
)
def test_an_object_of_a_page_that_cannot_be_distinguished_from_others_is_an_error(
    raw: object, words: str
) -> None:
    with pytest.raises(UnexpectedResponseError, match=words):
        listing().answer(page({"total_count": 2}, [{"id": "a"}, raw]))


@pytest.mark.parametrize("name", ["title", "aspects", "template", "new"])
def test_an_object_nested_too_deep_in_any_field_is_unreadable(name: str) -> None:
    raw = b'{"id": "a", "%s": {"x": %s}}' % (name.encode(), b"[" * 150 + b"]" * 150)

    with pytest.raises(UnexpectedResponseError, match="nested more than 100 levels deep"):
        calls.get(PROJECTS, ID).answer(Reply(200, body=raw))


def test_a_page_nested_beyond_reason_is_unreadable() -> None:
    with pytest.raises(UnexpectedResponseError):
        listing().answer(Reply(200, body=b"[" * 99_999))


def test_one_object_is_read_bare() -> None:
    call = calls.get(PROJECTS, ID)

    assert (call.request.method, call.request.target) == ("GET", f"/api/v2/projects/{ID}/")
    assert call.answer(Reply(200, body=b'{"id": "a", "title": "Board"}')) == Project(id="a", title="Board")


def test_a_missing_object_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        calls.get(FILES, ID).answer(Reply(404))


def test_a_new_object_is_posted_and_never_repeated_blindly() -> None:
    call = calls.create("/api/v2/projects/", NewProject(space="s", title="Ný"))

    assert (call.request.method, call.request.target) == ("POST", "/api/v2/projects/")
    assert call.request.headers == {"Accept": "application/json", "Content-Type": "application/json"}
    assert call.request.body == '{"title": "Ný", "space": "s"}'.encode()
    assert not call.request.repeatable
    assert call.answer(Reply(201, {"Location": f"/api/v2/projects/{ID}/"})) == ID


def test_a_change_is_put_and_answered_with_nothing() -> None:
    call = calls.update("/api/v2/projects/", ID, EditProject(title="Updated project"))

    assert (call.request.method, call.request.target) == ("PUT", f"/api/v2/projects/{ID}/")
    assert call.request.body == b'{"title": "Updated project"}'
    assert call.request.repeatable
    call.answer(Reply(204))


def test_a_change_answered_201_is_not_the_one_due() -> None:
    with pytest.raises(UnexpectedResponseError, match="but 204 was expected"):
        calls.update("/api/v2/projects/", ID, EditProject()).answer(Reply(201))


def test_a_deletion_is_answered_with_nothing() -> None:
    call = calls.delete("/api/v2/projects/", ID)

    assert (call.request.method, call.request.target) == ("DELETE", f"/api/v2/projects/{ID}/")
    assert call.request.repeatable
    call.answer(Reply(204))


def test_a_repeated_deletion_may_find_it_done() -> None:
    calls.delete("/api/v2/projects/", ID).answer(Reply(404, attempts=2))

    with pytest.raises(NotFoundError):
        calls.delete("/api/v2/projects/", ID).answer(Reply(404))


@pytest.mark.parametrize("key", ["", " ", "..", "a/b", "?"])
@pytest.mark.parametrize(
    "make",
    [
        lambda key: calls.get(PROJECTS, key),
        lambda key: calls.update("/api/v2/projects/", key, EditProject()),
        lambda key: calls.delete("/api/v2/projects/", key),
    ],
)
def test_no_id_may_reach_the_whole_collection(make: Callable[[str], Call[object]], key: str) -> None:
    with pytest.raises(ConfigurationError):
        make(key)


@pytest.mark.parametrize(
    ("location", "found"),
    [
        (f"/api/v2/projects/{ID}/", ID),
        (f"/api/v2/projects/{ID}", ID),
        (f"https://tenant.coredata.is/api/v2/projects/{ID}/", ID),
        (f"http://host/doc/{ID}", ID),
        (f"/api/v2/projects/{ID}/?sync=true", ID),
        (f"/api/v2/projects/{ID}//", ID),
        (ID.upper(), ID.upper()),
        (ID.replace("-", ""), ID.replace("-", "")),
        ("/api/v2/comments/1/", "1"),
    ],
)
def test_the_new_id_is_the_last_segment_of_location(location: str, found: str) -> None:
    assert read_created_id(Reply(201, {"Location": location})) == found


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/",
        "/api/v2/projects/",
        "https://tenant.coredata.is/",
        "/accounts/login/",
        f"/api/v2/projects/{ID}/content/",
        f"/api/v2/projects/{ID}x/",
        f"/api/v2/projects/?id={ID}",
        "/api/v2/projects/None/",
    ],
)
def test_a_location_without_an_id_leaves_the_outcome_unknown(location: str) -> None:
    with pytest.raises(
        OutcomeUnknownError, match=r"created an object without a readable id.*before creating it again"
    ):
        calls.create("/api/v2/projects/", NewProject(space="s", title="t")).answer(
            Reply(201, {"Location": location})
        )


def test_a_missing_location_is_not_a_success() -> None:
    with pytest.raises(ValueError, match="Location is ''"):
        read_created_id(Reply(201))


def test_an_odd_location_is_shown_without_its_query() -> None:
    with pytest.raises(ValueError, match="/login/") as caught:
        read_created_id(Reply(201, {"Location": "/login/?ticket=hidden"}))

    assert "hidden" not in str(caught.value)


def test_dates_are_sent_in_utc() -> None:
    new = NewProject(space="s", title="t", aspects={"letterout": {"date": datetime(2024, 1, 1, tzinfo=UTC)}})

    body = calls.create("/api/v2/projects/", new).request.body

    assert isinstance(body, bytes)
    assert json.loads(body)["aspects"] == {"letterout": {"date": "2024-01-01T00:00:00Z"}}


def test_an_object_can_be_had_as_it_comes_to_see_which_fields_there_are() -> None:
    call = calls.get_raw(PROJECTS, "a")

    assert call.request == calls.get(PROJECTS, "a").request
    assert call.answer(Reply(200, body=b'{"a": [1]}')) == {"a": [1]}


def test_a_path_is_asked_as_it_is() -> None:
    call = free_request("get", "/api/v2/valuelists/")

    assert (call.request.method, call.request.target) == ("GET", "/api/v2/valuelists/")
    assert call.request.headers == {"Accept": "application/json"}
    assert call.request.body is None


def test_a_query_is_encoded_and_joins_the_one_in_the_path() -> None:
    request = free_request("GET", "/api/v2/docs/?a=1", query={"title": "Þing & co", "at": "1,2"}).request

    assert request.target == "/api/v2/docs/?a=1&title=%C3%9Eing%20%26%20co&at=1,2"


def test_json_is_sent_as_utf_8() -> None:
    request = free_request("POST", "/api/v2/comments/", json={"text": "þ"}, expect=201).request

    assert request.body == '{"text": "þ"}'.encode()
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "said", "repeatable"),
    [
        ("GET", None, True),
        ("put", None, True),
        ("DELETE", None, True),
        ("POST", None, False),
        ("PATCH", None, False),
        ("POST", True, True),
        ("GET", False, False),
    ],
)
def test_only_what_does_no_harm_twice_is_repeatable(method: str, said: bool | None, repeatable: bool) -> None:
    assert free_request(method, "/api/v2/docs/", repeatable=said).request.repeatable is repeatable


@pytest.mark.parametrize(
    "path", ["", "api/v2/docs/", "/api/v2/docs", "/api/v2/docs?x=/", "https://elsewhere.is/docs/"]
)
def test_a_path_that_would_be_redirected_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="must begin and end with a slash"):
        free_request("GET", path)


def test_the_reply_is_given_as_it_came_or_refused() -> None:
    call = free_request("POST", "/api/v2/comments/", expect=201)
    reply = Reply(201, {"Location": "/api/v2/comments/1/"})

    assert call.answer(reply) is reply
    with pytest.raises(NotFoundError):
        call.answer(Reply(404))


@pytest.mark.parametrize("body", [{"a": float("nan")}, [float("-inf")], {"a": "half \ud800"}])
def test_a_body_that_json_cannot_hold_is_refused_before_it_is_sent(body: object) -> None:
    with pytest.raises(ConfigurationError, match="cannot be sent"):
        free_request("POST", "/api/v2/projects/", json=body)
