"""Tests of names and values, as PHP reads them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.sandbox.fivepm.parsing import Refusal, Upload, boundary, merge, nest, pairs, parts


@pytest.mark.parametrize(
    ("urlencoded", "array"),
    [
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a", {"a": ""}),
        ("team=1&team=2", {"team": "2"}),
        ("project%5Bteam%5D%5B0%5D=5", {"project": {"team": {"0": "5"}}}),
        ("files[1][name]=a&files[1][content]=b", {"files": {"1": {"name": "a", "content": "b"}}}),
        ("files[][name]=a&files[][content]=b", {"files": {"0": {"name": "a"}, "1": {"content": "b"}}}),
        ("a[5]=x&a[]=y&a[k]=z&a[]=w", {"a": {"5": "x", "6": "y", "k": "z", "7": "w"}}),
        ("a.b=1&c d=2&e.f[g.h]=3", {"a_b": "1", "c_d": "2", "e_f": {"g.h": "3"}}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=2&a=1", {"a": "1"}),
        ("a[b=1", {"a_b": "1"}),
        ("a[b]c=1", {"a": {"b": "1"}}),
        ("[a]=1&=2", {}),
        ("a=x%2By+z%26%C3%B0", {"a": "x+y z&ð"}),
        ("sessionId=filter[taskId]=7&abc", {"sessionId": "filter[taskId]=7", "abc": ""}),
    ],
)
def test_an_urlencoded_text_is_an_array(urlencoded, array):
    assert nest(pairs(urlencoded)) == array


def test_an_object_split_across_query_and_body_is_one_and_the_body_wins():
    query, body = {"a": {"b": "1", "c": "1"}, "d": "1"}, {"a": {"c": "2"}, "e": "2"}

    assert merge(query, body) == {"a": {"b": "1", "c": "2"}, "d": "1", "e": "2"}


KEYS = st.text("abc_XYZ", min_size=1)
ARRAYS = st.recursive(st.text(), lambda inner: st.dictionaries(KEYS, inner, min_size=1), max_leaves=8)


def flat(name, node):
    if isinstance(node, str):
        return [(name, node)]
    return [pair for key, one in node.items() for pair in flat(f"{name}[{key}]", one)]


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(KEYS, ARRAYS))
def test_every_array_survives_its_brackets(array):
    assert nest(pair for name, node in array.items() for pair in flat(name, node)) == array


def form(*pieces: bytes) -> bytes:
    return b"".join(b"--B\r\n" + piece + b"\r\n" for piece in pieces) + b"--B--\r\n"


def test_a_part_with_a_file_name_is_an_upload_and_any_other_is_text():
    body = form(
        b'Content-Disposition: form-data; name="files[1][name]"\r\n\r\n\xc3\xb0\r\n',
        b'Content-Disposition: form-data; name="files[1][content]"; filename="a%20b[1].txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n\r\n--C\r\n",
    )

    assert list(parts(body, "B")) == [
        ("files[1][name]", "ð\r\n"),
        ("files[1][content]", Upload("a%20b[1].txt", "text/plain", b"\r\n--C\r\n")),
    ]


@pytest.mark.parametrize(
    ("said", "kept"), [(r"a\"b.txt", 'a"b.txt'), ("../x/y.txt", "y.txt"), (r"c:\\y.txt", "y.txt")]
)
def test_a_file_name_is_unescaped_and_loses_its_path(said, kept):
    body = form(f'Content-Disposition: form-data; name="f"; filename="{said}"\r\n\r\n'.encode())

    ((_, upload),) = parts(body, "B")

    assert upload.filename == kept


@pytest.mark.parametrize("body", [b"", b"--B\r\n", form(b"X: y\r\n\r\n"), form(b"")[:-4]])
def test_a_broken_form_is_refused(body):
    with pytest.raises(Refusal):
        list(parts(body, "B"))


def test_only_a_multipart_form_has_a_boundary():
    assert boundary('multipart/form-data; charset=x; boundary="a b"') == "a b"
    assert boundary("application/x-www-form-urlencoded") is None
