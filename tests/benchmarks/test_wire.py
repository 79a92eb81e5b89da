"""The far end over real sockets: as it is split, as it comes."""

import asyncio
import hashlib
import json
import socket
from functools import partial

import pytest

from benchmarks.far.sink import Sink
from benchmarks.far.truth import Truth
from benchmarks.far.wire import Wire


@pytest.fixture
async def far():
    """Ports of a service and its storage, which share a truth."""
    truth = Truth()
    loop = asyncio.get_running_loop()
    wire = partial(Wire, truth, delay=0, hashing=True)
    api = await loop.create_server(partial(wire, storage=False), "127.0.0.1", 0)
    storage = await loop.create_server(partial(wire, storage=True), "127.0.0.1", 0)
    async with api, storage:
        yield truth, *(each.sockets[0].getsockname()[1] for each in (api, storage))


async def talk(port, *parts):
    """Send the parts, each on its own, and give all that comes until nothing is outstanding."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return head, body


async def test_a_head_may_come_in_any_pieces(far):
    _, api, _ = far
    request = b"GET /truth HTTP/1.1\r\nHost: x\r\n\r\n"

    head, body = await talk(api, *(request[at : at + 1] for at in range(len(request))))

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(body) == {"files": 0, "put": 0, "wrong": 0}


async def test_the_storage_answers_with_the_digest_of_what_came_in_pieces(far):
    truth, _, storage = far
    data = bytes(range(256)) * 2000
    head = b"PUT /leg/a HTTP/1.1\r\nHost: x\r\ncontent-length: %d\r\n\r\n" % len(data)

    response, _ = await talk(storage, head + data[:10], data[10:70_000], data[70_000:])

    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert f'ETag: "{digest}"'.encode() in response
    assert truth.digests == {digest: 1}


async def test_a_request_that_expects_100_gets_it(far):
    _, _, storage = far
    reader, writer = await asyncio.open_connection("127.0.0.1", storage)
    writer.write(b"PUT /leg/a HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")

    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"

    writer.write(b"x")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
    writer.close()
    await writer.wait_closed()


async def test_two_requests_at_once_get_two_answers(far):
    _, api, _ = far
    reader, writer = await asyncio.open_connection("127.0.0.1", api)
    writer.write(2 * b"GET /counts HTTP/1.1\r\n\r\n")

    for _ in range(2):
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]))
    writer.close()
    await writer.wait_closed()


def test_the_sink_takes_a_large_body_and_counts_it():
    truth = Truth()
    truth.reserved[b"b" * 32] = 3_000_000
    sink = Sink(truth, None)
    with socket.create_connection(("127.0.0.1", sink.port)) as line:
        line.sendall(b"PUT /laika/%s?S=1 HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n" % (b"b" * 32))
        line.sendall(bytes(3_000_000))
        answer = line.recv(1000)

    assert answer.startswith(b"HTTP/1.1 200")
    assert truth.put == {b"b" * 32}
