"""Tests of the streamed responses that are read at once."""

import pytest

from coredata_async.fivepm.envelope import buffer_envelopes, may_be_message
from coredata_async.message import Reply, Request

ASK = Request("POST", "/a", stream=True)


class Arriving:
    def __init__(self, *blocks):
        self.blocks, self.closed = blocks, False

    async def __aiter__(self):
        for block in self.blocks:
            if isinstance(block, Exception):
                raise block
            yield block

    async def aclose(self):
        self.closed = True


async def peeked(content, headers, limit=1000):
    async def send(_):
        return Reply(200, headers, content=content)

    return await buffer_envelopes(send, limit=limit)(ASK)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, True),
        ({"Content-Type": "text/html; charset=utf-8"}, True),
        ({"Content-Type": "application/json"}, True),
        ({"Content-Type": "application/problem+xml"}, True),
        ({"Content-Type": "application/pdf"}, False),
        ({"Content-Type": "application/json", "Content-Disposition": "attachment"}, False),
        ({"Content-Disposition": 'inline; filename="a"'}, False),
    ],
)
def test_a_file_has_a_name_or_a_type_of_its_own(headers, words):
    assert may_be_message(Reply(200, headers)) is words


async def test_what_may_be_an_envelope_is_read_at_once_and_let_go():
    content = Arriving(b'\xef\xbb\xbf {"a"', b": 1}")
    reply = await peeked(content, {})

    assert (reply.body, reply.content) == (b'\xef\xbb\xbf {"a": 1}', None)
    assert content.closed


@pytest.mark.parametrize("blocks", [(b"%PDF", b"rest"), (b"{" + b"x" * 600, b"y" * 600)])
async def test_a_reply_that_is_not_an_envelope_stays_a_stream(blocks):
    content = Arriving(*blocks)
    reply = await peeked(content, {})

    assert b"".join([block async for block in reply.content]) == b"".join(blocks)
    await reply.content.aclose()
    assert content.closed


async def test_a_named_file_is_not_looked_at():
    content = Arriving(b"{}")

    assert (await peeked(content, {"Content-Disposition": "attachment"})).content is content


async def test_a_connection_that_breaks_is_let_go():
    content = Arriving(b"{", ConnectionError())

    with pytest.raises(ConnectionError):
        await peeked(content, {})
    assert content.closed
