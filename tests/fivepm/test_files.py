"""Tests of files in forms, streamed."""

from base64 import b64decode
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from coredata_async.fivepm.files import (
    Base64,
    EncodableFile,
    Joined,
    base64_form,
    default_file_names,
    join,
    measure,
    multipart_form,
)
from tests.fivepm.fake import Blocks, bytes_of

BLOCKS = st.lists(st.binary(max_size=9), max_size=6)


@given(BLOCKS)
async def test_base64_is_the_same_however_the_bytes_are_cut(blocks):
    body = await measure(Blocks(*blocks))
    text = await bytes_of(body)

    assert b64decode(dict(parse_qsl(b"x=" + text, keep_blank_values=True))[b"x"]) == b"".join(blocks)
    assert body.size == len(text)


@given(BLOCKS, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
async def test_a_urlencoded_form_gives_back_what_it_was_made_of(blocks, name):
    files = [
        EncodableFile(name, Blocks(*blocks), default_file_names(1)),
        EncodableFile("b", b"+/=", default_file_names(2)),
    ]
    encoded = await base64_form(b"activityId=7", files)
    fields = dict(parse_qsl((await bytes_of(encoded.body)).decode(), keep_blank_values=True))

    assert encoded.content_type == "application/x-www-form-urlencoded"
    assert fields["activityId"] == "7"
    assert fields["files[1][name]"] == name
    assert b64decode(fields["files[1][content]"]) == b"".join(blocks)
    assert b64decode(fields["files[2][content]"]) == b"+/="


async def test_a_multipart_form_leaves_the_file_name_as_it_is():
    encoded = await multipart_form(
        b"activityId=7&a=", [EncodableFile('a "b[é].txt', b"data", default_file_names(1))]
    )
    mark = encoded.content_type.partition("boundary=")[2]

    assert (await bytes_of(encoded.body)).decode() == (
        f'--{mark}\r\nContent-Disposition: form-data; name="activityId"\r\n\r\n7\r\n'
        f'--{mark}\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
        f'--{mark}\r\nContent-Disposition: form-data; name="files[1][name]"\r\n\r\na "b[é].txt\r\n'
        f'--{mark}\r\nContent-Disposition: form-data; name="files[1][content]"; filename="a %22b[é].txt"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\ndata\r\n--{mark}--\r\n"
    )


async def test_a_multipart_form_can_hold_what_is_read_once():
    encoded = await multipart_form(
        b"", [EncodableFile("a", Blocks(b"x", replayable=False), default_file_names(1))]
    )

    assert isinstance(encoded.body, Joined)
    assert not encoded.body.replayable
    assert encoded.body.size == len(await bytes_of(encoded.body))


def test_pieces_that_are_bytes_are_joined_at_once():
    assert join(b"a", b"b") == b"ab"
    assert isinstance(join(b"a", Base64(b"b", 4)), Joined)
