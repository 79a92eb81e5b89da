"""Tests of the decoder from bytes to trees."""

import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.errors import ConfigurationError
from coredata_async.fivepm.codec import tree
from coredata_async.fivepm.codec.tree import parse

BOMB = (
    b"""<?xml version="1.0"?><!DOCTYPE data [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><data>&b;</data>"""
)
THIEF = b"""<!DOCTYPE data [<!ENTITY f SYSTEM "file:///etc/hostname">]><data><name>&f;</name></data>"""
OUTSIDE = b"""<!DOCTYPE data SYSTEM "http://127.0.0.1/x.dtd"><data/>"""


def test_json_and_xml_are_distinguished_by_their_first_byte() -> None:
    assert parse(b' {"data": {"id": 7}}') == {"data": {"id": 7}}
    assert parse(b"\n<data><id>7</id></data>") == {"data": {"id": "7"}}


@pytest.mark.parametrize("body", [b'{"id":"7"}', b"<data><id>7</id></data>", b'<?xml version="1.0"?><data/>'])
def test_a_byte_order_mark_changes_nothing(body: bytes) -> None:
    assert parse(b"\xef\xbb\xbf" + body) == parse(body)


def test_a_single_item_of_xml_is_a_list_too() -> None:
    assert parse(b"<data><item><id>1</id></item></data>") == {"data": {"item": [{"id": "1"}]}}


def test_elements_of_one_name_become_a_list() -> None:
    assert parse(b"<data><u>1</u><u>2</u><u>3</u></data>") == {"data": {"u": ["1", "2", "3"]}}


def test_cdata_is_text_with_its_brackets_and_ampersands() -> None:
    assert parse(b"<data><name><![CDATA[<b> & ]]></name></data>") == {"data": {"name": "<b> & "}}


def test_an_empty_element_is_an_empty_text() -> None:
    assert parse(b"<data><tags/><team><items></items></team></data>") == {
        "data": {"tags": "", "team": {"items": ""}}
    }


def test_the_status_of_a_root_is_kept_and_namespaces_are_not() -> None:
    body = (
        b'<r:response xmlns:r="urn:x" xmlns:i="urn:i" status="fail" i:nil="1"><error>no</error></r:response>'
    )

    assert parse(body) == {"response": {"status": "fail", "error": "no"}}


def test_predefined_entities_and_numbers_of_characters_are_read() -> None:
    assert parse(b"<data><n>a &amp; b &#233;</n></data>") == {"data": {"n": "a & b é"}}


def test_characters_that_xml_cannot_hold_are_dropped() -> None:
    assert parse(b"<data><n>a\x0b\x01b</n></data>") == {"data": {"n": "ab"}}


@pytest.mark.parametrize("body", ['{"n":"Zoë"}', "<data><n>Zoë</n></data>"])
def test_what_is_not_utf8_is_read_as_what_php_sends_instead(body: str) -> None:
    assert parse(body.encode("cp1252")) == parse(body.encode())


def test_an_encoding_that_is_declared_is_believed() -> None:
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><data><n>Zoë</n></data>'.encode("latin-1")

    assert parse(body) == {"data": {"n": "Zoë"}}


@pytest.mark.parametrize("body", [BOMB, THIEF, OUTSIDE])
def test_entities_and_document_types_are_refused_without_being_repeated(body: bytes) -> None:
    with pytest.raises(ValueError, match="refused") as caught:
        parse(body)

    assert "hostname" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \r\n\xef\xbb\xbf"[:3], "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"<HTML><head></head></HTML>", "web page"),
        (b"<br />\n<b>Fatal error</b>:  Uncaught Error in /srv/api.php:3<br />", "PHP failed"),
        (b'<br />\n<b>Warning</b>: mysql_connect()<br />{"id": 3}', "PHP failed"),
        (b"PHP Fatal error:  Allowed memory size exhausted", "PHP failed"),
        (b"Service unavailable", "neither XML nor JSON"),
        (b'{"id": "7', "cut short after 9 bytes"),
        (b"<data><id>7</id>", "cut short"),
        (b'<?xml version="1.0" encoding="klingon"?><data/>', "XML"),
        (b"[" * 200_000, "nested more than|cut short"),
        (b"<a>" * 200_000 + b"</a>" * 200_000, "nested more than|cut short"),
    ],
)
def test_a_body_without_data_is_an_error_that_names_its_content(body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(body)


@pytest.mark.parametrize(
    ("body", "value"), [(b"true", True), (b'"abc"', "abc"), (b"17", 17), (b"null", None)]
)
def test_bare_values_are_json(body: bytes, value: object) -> None:
    assert parse(body) == value


@given(st.binary())
def test_no_bytes_raise_anything_but_value_error(body: bytes) -> None:
    try:
        parse(body)
    except ConfigurationError:
        raise AssertionError from None
    except ValueError:
        pass


@given(st.binary())
def test_no_bytes_that_look_like_xml_raise_anything_but_value_error(body: bytes) -> None:
    with suppress(ValueError):
        parse(b"<data>" + body + b"</data>")


def test_xml_without_defusedxml_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "defusedxml.ElementTree", None)

    with pytest.raises(ConfigurationError, match=r"coredata-async\[fivepm\]"):
        parse(b"<data/>")


def test_json_needs_no_defusedxml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "defusedxml.ElementTree", None)

    assert parse(b"{}") == {}


def nested(levels: int, begin: bytes, end: bytes) -> bytes:
    return begin * levels + b"1" + end * levels


@pytest.mark.parametrize(("begin", "end"), [(b"<a>", b"</a>"), (b"[", b"]"), (b'{"a":', b"}")])
def test_a_hundred_levels_are_read_and_no_more(begin: bytes, end: bytes) -> None:
    assert parse(nested(100, begin, end))
    for levels in (101, 980, 100_000):
        with pytest.raises(ValueError, match="nested more than 100 levels deep"):
            parse(nested(levels, begin, end))


def test_xml_of_too_many_tags_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "TAGS", 100)

    assert len(parse(b"<r>" + b"<item/>" * 98 + b"</r>")["r"]["item"]) == 98
    with pytest.raises(ValueError, match="more than 100 tags"):
        parse(b"<r>" + b"<item/>" * 99 + b"</r>")


@pytest.mark.parametrize("start", [b"<r xmlns='", b"<r xmlns:n='"])
def test_a_long_namespace_is_refused_because_every_element_would_copy_it(start: bytes) -> None:
    assert parse(start + b"u" * 200 + b"'><a/></r>") == {"r": {"a": ""}}
    with pytest.raises(ValueError, match="refused"):
        parse(start + b"u" * 500_000 + b"'>" + b"<a/>" * 50_000 + b"</r>")


@pytest.mark.parametrize("name", [b"item", b"task"])
def test_work_is_linear_in_the_number_of_elements(name: bytes) -> None:
    def calls(count: int) -> int:
        body = b"<r>" + b"<%s>1</%s>" % (name, name) * count + b"</r>"
        seen = 0

        def profile(*_: object) -> None:
            nonlocal seen
            seen += 1

        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            parse(body)
        finally:
            sys.setprofile(before)
        return seen

    assert calls(5_000) < 11 * calls(500)  # 10 times as many; quadratic work would be 100 times as much


def test_an_integer_longer_than_python_converts_stays_text() -> None:
    assert parse(b'{"id": "7", "size": %s}' % (b"1" * 5000)) == {"id": "7", "size": "1" * 5000}
