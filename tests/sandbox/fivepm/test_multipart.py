"""Tests of a multipart form, as PHP parses it."""

import pytest

from coredata_async.sandbox.fivepm.errors import Refusal
from coredata_async.sandbox.fivepm.multipart import boundary, parts
from coredata_async.sandbox.fivepm.php import Upload


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
