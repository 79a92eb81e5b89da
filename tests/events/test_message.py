"""A message is read completely, or refused with the reason."""

import json

import pytest

from coredata_async.events.errors import InvalidMessageError
from coredata_async.events.message import UploadMessage, read_key

GIVEN = {"source": "a.pdf", "parent": "p", "filename": "a.pdf", "key": "k"}


def parse(**fields) -> UploadMessage:
    return UploadMessage.parse(json.dumps({**GIVEN, **fields}).encode())


def test_the_four_fields_are_enough() -> None:
    assert parse() == UploadMessage(source="a.pdf", parent="p", filename="a.pdf", key="k")


def test_all_fields_are_read() -> None:
    more = {"title": "A", "dynatype": "Invoice", "contacts": ["c"], "tags": ["t"], "size": 3}
    more |= {"content_type": "application/pdf", "digest": "0" * 32}

    found = parse(**more)

    assert {name: getattr(found, name) for name in more} == {**more, "contacts": ("c",), "tags": ("t",)}


def test_null_is_the_same_as_a_missing_field() -> None:
    assert parse(title=None, tags=None, size=None, digest=None) == parse()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"key": ""}, "empty fields: key"),
        ({"key": 7}, "'key' must be str, not int"),
        ({"key": "k" * 513}, "key must be a string of 1 to 512 bytes"),
        ({"key": "\ud800"}, "key must be a string of 1 to 512 bytes"),
        ({"parent": None}, "'parent' must be str, not NoneType"),
        ({"contact": ["c"]}, "unknown fields: 'contact'"),
        ({"contacts": "c"}, "'contacts' must be list, not str"),
        ({"tags": [1]}, "'tags' must be a list of strings; one item is of type int"),
        ({"size": -1}, "'size' must be 0 or more, not -1"),
        ({"size": True}, "'size' must be int, not bool"),
        ({"digest": "abc"}, "'digest' must be an MD5 of 32 hexadecimal digits"),
    ],
)
def test_a_wrong_field_is_named(fields, reason) -> None:
    with pytest.raises(InvalidMessageError, match=reason):
        parse(**fields)


@pytest.mark.parametrize("data", [b"", b"junk", b"\xff", b"[" * 100_000, b'"text"', b"[]", b"NaN"])
def test_what_is_not_an_object_is_refused(data) -> None:
    with pytest.raises(InvalidMessageError, match="the message"):
        UploadMessage.parse(data)


def test_the_key_of_an_invalid_message_is_known_if_it_has_one() -> None:
    assert read_key(b'{"key": "k", "source": 7}') == "k"
    assert read_key(b'{"key": 7}') is None
    assert read_key(b"junk") is None


def test_a_url_is_shown_without_its_query() -> None:
    assert parse(source="https://h/a?Signature=secret").label == "k (https://h/a)"
    assert parse(source="what?.pdf", key="a\nb").label == "a\\nb (what?.pdf)"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("https://ann:secret@h/a?b", "https://h/a"),
        ("http://secret@h/a", "http://h/a"),
        ("https://h/a#token=secret", "https://h/a"),
        ("https://h/a;Signature=secret", "https://h/a;Signature=***"),
        ("s3://key:secret@bucket", "s3://bucket"),
        ("https://ann:secret@[h/a", "https://[h/a"),
        ("//ann:secret@h://a", "//***@h://a"),
    ],
)
def test_no_secret_in_a_url_is_shown(source: str, shown: str) -> None:
    message = parse(source=source)

    assert message.label == f"k ({shown})"
    assert "secret" not in repr(message)


def test_a_label_is_short() -> None:
    assert len(parse(source="x" * 10_000, key="y" * 500).label) < 700


def test_the_error_about_unknown_fields_is_short() -> None:
    with pytest.raises(InvalidMessageError) as caught:
        parse(**{f"field {number}": 1 for number in range(10_000)})

    assert len(str(caught.value)) < 400
