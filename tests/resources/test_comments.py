"""Comments have numbers for ids, as three clients of 2014 agree."""

import json
from datetime import UTC, datetime

import pytest

from coredata_async.message import Reply
from coredata_async.resources.comments import COMMENTS, Comment, NewComment
from coredata_async.wire.calls import create, get
from coredata_async.wire.convert import structure, to_json

OF_2014 = {
    "author": "/api/v2/users/leia/",
    "doc_id": "e139a8ac-7368-11ee-b992-57663b1559fb",
    "id": 1,
    "resource_uri": "/api/v2/comments/1/",
    "text": "Sæl",
    "time": "2014-10-03T03:51:37.810505",
}


def test_a_comment_of_2014() -> None:
    assert structure(OF_2014, Comment) == Comment(
        id="1",
        text="Sæl",
        doc_id="e139a8ac-7368-11ee-b992-57663b1559fb",
        author="/api/v2/users/leia/",
        time=datetime(2014, 10, 3, 3, 51, 37, 810505, UTC),
        resource_uri="/api/v2/comments/1/",
    )


@pytest.mark.parametrize("number", [0, 1, 10**12, "7"])
def test_a_number_for_an_id_is_a_string_like_every_other(number: object) -> None:
    assert structure({"id": number}, Comment).id == str(number)


def test_a_malformed_time_of_2014_is_understood() -> None:
    found = structure({"id": 1, "time": "2014-10-03T03:51:37:234123"}, Comment)

    assert found.time == datetime(2014, 10, 3, 3, 51, 37, 234123, UTC)


def test_a_comment_is_asked_for_by_its_number() -> None:
    assert get(COMMENTS, "12").request.target == "/api/v2/comments/12/"


def test_the_number_of_a_new_comment_is_cut_from_location() -> None:
    call = create(COMMENTS.path, NewComment(doc_id="d", text="Sæl"))

    assert call.answer(Reply(201, {"Location": "/api/v2/comments/12/"})) == "12"


def test_a_new_comment_says_document_and_text() -> None:
    assert json.loads(to_json(NewComment(doc_id="d", text="Sæl"))) == {"doc_id": "d", "text": "Sæl"}
