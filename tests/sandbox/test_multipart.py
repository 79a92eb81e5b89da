"""Tests of a multipart form that arrives in any pieces."""

import pytest

from coredata_async.sandbox.answer import Refused
from coredata_async.sandbox.multipart import Form

BODY = (
    b"preamble is ignored\r\n--b\r\n"
    b'Content-Type: text/plain\r\nContent-Disposition: form-data; name="title"\r\n\r\n'
    b"\xc3\x81rs\r\nsk\xc3\xbdrsla\r\n--b\r\n"
    b'content-disposition: form-data; filename="name=x"; name="content"\r\n\r\n'
    b"\r\n--a\r\n--\r\n-\r\n--b\r\n"
    b"Content-Disposition: form-data; name=parent\r\n\r\n\r\n--b--\r\n"
)


def form(body, size):
    position = 0

    async def read(_):
        nonlocal position
        position += size
        return body[position - size : position]

    return Form(read, b"\r\n--b")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 1000])
@pytest.mark.parametrize("width", [1, 4, 1000])
async def test_a_form_is_the_same_in_any_pieces(size, width):
    got = form(BODY, size)

    await got.advance()
    content = b""
    while piece := await got.content(width):
        content += piece
    await got.advance()

    assert content == b"\r\n--a\r\n--\r\n-"
    assert got.texts == {"title": "Árs\r\nskýrsla", "parent": ""}


async def test_the_reader_stops_behind_the_field_it_was_asked_for():
    got = form(BODY, 10)

    await got.advance(until="title")

    assert (list(got.texts), got.at_content) == (["title"], False)


@pytest.mark.parametrize("length", [0, 10, 60, 120, 200, len(BODY) - 20])
async def test_a_form_that_ends_too_soon_is_refused(length):
    got = form(BODY[:length], 50)

    with pytest.raises(Refused):
        await everything(got)


async def everything(got):
    await got.advance()
    while await got.content(100):
        pass
    await got.advance()
