"""Calls that only files have: forms, replacement of content, location of content."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.errors import ConfigurationError, OutcomeUnknownError
from coredata_async.message import Reply
from coredata_async.wire import files
from coredata_async.wire.files import (
    NewFile,
    Version,
    comma_joined,
    form,
    form_around,
    register,
    replace_content,
    update_metadata,
)

PARENT = "01350bc0-7971-11ee-bf90-138377a015b3"
ID = "cb2cca52-7422-11ee-91ce-dff1c719d262"
MEMO = NewFile(
    filename="Fundargerð.pdf",
    title="Fundargerð",
    parent=PARENT,
    dynatype="Memo",
    contacts=("c1", "c2"),
    tags=("einn", "one long tag"),
)


def plain(**changes: object) -> NewFile:
    return NewFile(**{"filename": "a.pdf", "title": "a", "parent": PARENT, **changes})  # type: ignore[arg-type]


def test_a_form_is_exact_to_the_byte() -> None:
    body, content_type = form({"blob_name": "98c5", "title": "Fundargerð"}, boundary="mark")

    assert content_type == "multipart/form-data; boundary=mark"
    assert (
        body
        == (
            "--mark\r\n"
            'Content-Disposition: form-data; name="blob_name"\r\n'
            "\r\n"
            "98c5\r\n"
            "--mark\r\n"
            'Content-Disposition: form-data; name="title"\r\n'
            "\r\n"
            "Fundargerð\r\n"
            "--mark--\r\n"
        ).encode()
    )


@given(st.dictionaries(st.text("abc_", min_size=1), st.text(st.characters(exclude_categories=["Cs"]))))
def test_no_field_holds_the_boundary(given_fields: dict[str, str]) -> None:
    body, content_type = form(given_fields)
    mark = content_type.removeprefix("multipart/form-data; boundary=")

    assert not any(mark in f"{name}{value}" for name, value in given_fields.items())
    assert body.count(mark.encode()) == len(given_fields) + 1
    assert 1 <= len(mark) <= 70


def test_the_same_fields_make_the_same_form() -> None:
    assert form({"a": "1"}) == form({"a": "1"})
    assert form({"a": "1"}) != form({"a": "2"})


def test_a_file_is_registered_with_its_fields_in_the_vendors_order() -> None:
    call = register(MEMO, "98c59d020fe547b08cd0df36b1c01b37")

    assert (call.request.method, call.request.target) == ("POST", "/api/v2/files/")
    assert (
        call.request.body
        == form(
            {
                "blob_name": "98c59d020fe547b08cd0df36b1c01b37",
                "filename": "Fundargerð.pdf",
                "title": "Fundargerð",
                "parent": PARENT,
                "dynatype": "Memo",
                "contacts": "c1,c2",
                "tags": "einn,one long tag",
            }
        )[0]
    )
    assert call.request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert call.answer(Reply(201, {"Location": f"/api/v2/files/{ID}/"})) == ID


def test_registering_is_never_repeated_blindly_and_is_waited_for_longer() -> None:
    request = register(MEMO, "98c5").request

    assert not request.repeatable
    assert request.patience > 1


def test_a_registration_answered_200_leaves_the_outcome_unknown() -> None:
    with pytest.raises(OutcomeUnknownError, match="but 201 was expected"):
        register(MEMO, "98c5").answer(Reply(200, {"Location": f"/api/v2/files/{ID}/"}))


def test_what_is_not_given_is_not_in_the_form() -> None:
    assert plain().fields() == {"filename": "a.pdf", "title": "a", "parent": PARENT}


def test_a_whole_upload_sends_the_form_it_is_given() -> None:
    call = files.upload_whole(b"the form", "multipart/form-data; boundary=b")

    assert (call.request.method, call.request.target) == ("POST", "/api/v2/files/")
    assert call.request.body == b"the form"
    assert call.request.headers["Content-Type"] == "multipart/form-data; boundary=b"
    assert not call.request.repeatable


def test_a_form_goes_around_the_bytes_of_a_file() -> None:
    head, tail, content_type = form_around(
        {"title": "þ"}, filename='a "þ"\r\n.pdf', content_type="application/pdf", boundary="mark"
    )

    assert content_type == "multipart/form-data; boundary=mark"
    assert (
        head + b"BYTES" + tail
        == (
            "--mark\r\n"
            'Content-Disposition: form-data; name="title"\r\n'
            "\r\n"
            "þ\r\n"
            "--mark\r\n"
            'Content-Disposition: form-data; name="content"; filename="a %22þ%22%0D%0A.pdf"\r\n'
            "Content-Type: application/pdf\r\n"
            "\r\n"
            "BYTES\r\n"
            "--mark--\r\n"
        ).encode()
    )


def test_new_metadata_is_put_as_json() -> None:
    call = update_metadata(ID, {"filename": "þ.pdf", "title": "þ", "parent": PARENT, "tags": ""})

    assert (call.request.method, call.request.target) == ("PUT", f"/api/v2/files/{ID}/")
    assert isinstance(call.request.body, bytes)
    assert json.loads(call.request.body) == {"filename": "þ.pdf", "title": "þ", "parent": PARENT, "tags": ""}
    call.answer(Reply(204))


def test_metadata_that_lacks_what_must_be_there_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="parent, title must not be empty"):
        update_metadata(ID, {"filename": "a.pdf", "title": ""})


@pytest.mark.parametrize("dynatype", [None, "", "File"])
def test_contacts_that_the_server_would_drop_are_refused(dynatype: str | None) -> None:
    with pytest.raises(ConfigurationError, match="contacts need another dynatype than 'File'"):
        plain(contacts=("c1",), dynatype=dynatype)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"tags": ("a,b",)}, "tags: 'a,b' is empty or contains a comma"),
        ({"tags": ("a", " ")}, "tags: ' ' is empty"),
        ({"tags": "urgent"}, "tags takes a list of strings, not one string"),
        ({"contacts": "c1", "dynatype": "Memo"}, "contacts takes a list of strings"),
        ({"contacts": ("",), "dynatype": "Memo"}, "contacts: '' is empty"),
        ({"filename": ""}, "filename must not be empty"),
        ({"title": "  "}, "title must not be empty"),
        ({"parent": ""}, "'' is not a valid parent"),
        ({"parent": "a/b"}, "'a/b' is not a valid parent"),
        ({"parent": 7}, "the parent must be a string, or an object with an id, not int"),
        ({"parent": ["a"]}, "the parent must be a string, or an object with an id, not list"),
        ({"filename": "caf\udce9.txt"}, "contains bytes that are not text"),
    ],
)
def test_what_cannot_be_expressed_is_refused_before_a_byte_is_sent(
    changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        plain(**changes)


def test_a_parent_that_was_refused_once_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="'a/b' is not a valid parent"):
            plain(parent="a/b")


def test_a_list_is_joined_by_bare_commas() -> None:
    assert comma_joined("tags", ["one", "one long tag"]) == "one,one long tag"
    assert comma_joined("tags", []) == ""


def test_new_content_in_the_body() -> None:
    request = replace_content(ID, body=b"new", filename="Ný útgáfa?.pdf").request

    assert (request.method, request.body) == ("PUT", b"new")
    assert request.target == f"/api/v2/files/{ID}/content/?filename=N%C3%BD%20%C3%BAtg%C3%A1fa%3F.pdf"
    assert request.headers["Content-Type"] == "application/octet-stream"
    assert request.repeatable


def test_new_content_by_blob_name_and_digest() -> None:
    request = replace_content(ID, blob_name="98c5", digest="d41d").request

    assert request.target == f"/api/v2/files/{ID}/content/?blob_name=98c5&digest=d41d"
    assert request.body is None
    assert "Content-Type" not in request.headers


def test_new_content_under_a_lock_is_not_repeated_blindly() -> None:
    request = replace_content(ID, body=b"new", snapshot_id="s-1").request

    assert request.target == f"/api/v2/files/{ID}/content/?snapshot_id=s-1"
    assert not request.repeatable


def test_new_content_without_options_has_no_query() -> None:
    assert replace_content(ID, body=b"").request.target == f"/api/v2/files/{ID}/content/"


def test_a_new_version_is_reported_by_two_headers() -> None:
    reply = Reply(
        201,
        {
            "X-Coredata-fields-filedigest": "d41d8cd98f00b204e9800998ecf8427e",
            "X-Coredata-fields-snapshot-id": "25d74cea-7430-11ee-91ce-b785f71967fe",
        },
    )

    assert replace_content(ID, body=b"").answer(reply) == Version(
        "d41d8cd98f00b204e9800998ecf8427e", "25d74cea-7430-11ee-91ce-b785f71967fe"
    )
    assert replace_content(ID, body=b"").answer(Reply(201)) == Version(None, None)


def test_content_is_asked_for_as_a_stream_of_any_type() -> None:
    request = files.content(ID)

    assert (request.method, request.target) == ("GET", f"/api/v2/files/{ID}/content/")
    assert request.headers["Accept"] == "*/*"
    assert request.stream


@pytest.mark.parametrize("make", [files.content, lambda key: replace_content(key, body=b"")])
def test_a_path_is_not_a_file_id(make: Callable[[str], object]) -> None:
    with pytest.raises(ConfigurationError):
        make("../projects/1")
