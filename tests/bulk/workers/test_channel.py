"""Frames: several messages in each, complete or in pieces; the detection of the end; values in messages."""

import asyncio
import errno
import json
import marshal
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coredata_async import errors
from coredata_async.bulk.run.failures import classify
from coredata_async.bulk.workers.channel import (
    MAX_FRAME,
    Channel,
    decode_error,
    decode_event,
    decode_new_file,
    decode_stored,
    encode_error,
    encode_event,
    encode_new_file,
    encode_stored,
)
from coredata_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    ChecksumMismatchError,
    ConfigurationError,
    CoreDataError,
    RegistrationUncertainError,
    SourceChangedError,
    StorageError,
    TransferError,
    UnexpectedResponseError,
)
from coredata_async.message import Reply, Request
from coredata_async.transfer.steps import Planned, Stored
from coredata_async.wire.files import NewFile
from tests.bulk.rig import until
from tests.bulk.workers.rig import throttled


@asynccontextmanager
async def pair(took, other=lambda _: None, **options):
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    _, first = await loop.create_unix_connection(lambda: Channel(other, **options), sock=here)
    _, second = await loop.create_unix_connection(lambda: Channel(took), sock=there)
    try:
        yield first, second
    finally:
        first.close()
        second.close()
        await asyncio.gather(first.ended.wait(), second.ended.wait())


async def arrived(found: list, count: int) -> None:
    async with asyncio.timeout(5):
        await until(lambda: len(found) >= count)


async def test_messages_arrive_in_order_and_unchanged() -> None:
    found: list = []
    async with pair(found.append) as (line, _):
        line.send(["store", 1, "na\u00efve \udcff\n", 3.5, None, True, ["a"]])
        line.send(["register", 2])
        await arrived(found, 2)

    assert found == [["store", 1, "na\u00efve \udcff\n", 3.5, None, True, ["a"]], ["register", 2]]


async def test_messages_of_one_turn_are_one_write_and_the_trailer_is_last() -> None:
    found: list = []
    counts = iter([["counts", 1], None])
    async with pair(found.append, trailer=lambda: next(counts)) as (line, _):
        line.send(["a"])
        line.send(["b"])
        await arrived(found, 3)
        line.send(["c"])
        await arrived(found, 4)

    assert found == [["a"], ["b"], ["counts", 1], ["c"]]


async def test_a_frame_that_arrives_byte_by_byte_is_joined() -> None:
    found: list = []
    line = Channel(found.append)
    data = marshal.dumps([["a"], ["b", 1]])

    for byte in len(data).to_bytes(4, "big") + data:
        line.data_received(bytes([byte]))

    assert found == [["a"], ["b", 1]]


class Foreign:
    """Transport of another event loop, like uvloop's, which is not an `asyncio.Transport`."""

    written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False


async def test_any_transport_is_accepted() -> None:
    line, transport = Channel(lambda _: None), Foreign()
    line.connection_made(transport)
    line.send(["a"])
    await asyncio.sleep(0)

    assert marshal.loads(transport.written[4:]) == [["a"]]


async def test_the_close_of_the_other_end_is_detected_and_nothing_is_sent_to_it() -> None:
    async with pair(lambda _: None) as (line, other):
        other.close()
        async with asyncio.timeout(5):
            await line.ended.wait()
        line.send(["too late"])
        await asyncio.sleep(0)


async def test_a_frame_above_the_maximum_closes_the_channel() -> None:
    found: list = []
    async with pair(found.append) as (line, other):
        other._transport.write((MAX_FRAME + 1).to_bytes(4, "big"))
        async with asyncio.timeout(5):
            await line.ended.wait()

    assert found == []


@pytest.mark.parametrize("alien", [b"", b"[", b"{}x"])
async def test_invalid_frames_are_errors(alien) -> None:
    line = Channel(lambda _: None)
    with pytest.raises((ValueError, EOFError, TypeError)):
        line.data_received(len(alien).to_bytes(4, "big") + alien)


POST = Request("POST", "/api/v2/files/?q=secret")


def across(plain):
    """Encode and decode a message."""
    return marshal.loads(marshal.dumps(plain))


BUSY = Reply(503, {"Retry-After": "7", "X-Request-Id": "r1"}, b"{}", attempts=3, elapsed=1.5)

# Arguments of an error of each class, with all its fields; the first that matches is used.
MADE = {
    APIStatusError: lambda kind: kind(
        "no", POST, BUSY, service_message="busy", code="b", body={"a": [1, None]}
    ),
    APITimeoutError: lambda kind: kind("late", POST, phase="response", reached=False),
    APIConnectionError: lambda kind: kind("broken", POST, reached=True, permanent=True),
    UnexpectedResponseError: lambda kind: kind("odd", POST, Reply(200, {}, b"<html>")),
    RegistrationUncertainError: lambda kind: kind("?", POST, blob_name="b", candidates=["f"], total=3),
    APIError: lambda kind: kind("api", POST),
    ChecksumMismatchError: lambda kind: kind("other", stage="put", expected="a", actual="b", sent=3),
    StorageError: lambda kind: kind("no", stage="put", sent=1, status=403, storage_code="Denied"),
    TransferError: lambda kind: kind("changed", stage="source", sent=0, total=9),
    CoreDataError: lambda kind: kind("as it is"),
}


def an_error(kind: type[CoreDataError]) -> CoreDataError:
    return next(make for known, make in MADE.items() if issubclass(kind, known))(kind)


CLASSES = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, CoreDataError) and each is not errors.BulkError
]


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_of_this_library_is_equal_after_decoding(kind) -> None:
    before = an_error(kind)
    after = decode_error(across(encode_error(before)))

    assert type(after) is kind
    assert str(after) == str(before)
    assert json.dumps(after.__dict__, default=list) == json.dumps(before.__dict__, default=list)
    assert classify(after) == classify(before)


@pytest.mark.parametrize(
    "before",
    [
        PermissionError(errno.EACCES, "Permission denied", "/etc/shadow"),
        OSError("no more"),
        ValueError("odd"),
        KeyError("x"),
        MemoryError(),
        RuntimeError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        json.JSONDecodeError("odd", "doc", 1),
        TypeError(Path("no plain value")),
    ],
)
def test_any_other_error_is_handled_alike_and_has_the_same_text(before) -> None:
    after = decode_error(across(encode_error(before)))

    assert classify(after) == classify(before)


def test_an_unknown_class_becomes_a_runtime_error() -> None:
    for name in ("print", "os", "CoreDataErrors", "Callable", "SystemExit"):
        assert type(decode_error([name, ["words"], {}, "words"])) is RuntimeError


def test_a_source_changed_error_keeps_its_class() -> None:
    found = decode_error(across(encode_error(SourceChangedError("x changed", stage="put"))))

    with pytest.raises(SourceChangedError, match="x changed"):
        raise found


def test_stored_bytes_are_equal_after_decoding() -> None:
    plan = Planned(size=3, content_type="text/plain")
    for etag, since in ((None, None), ("m", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))):
        stored = Stored(plan, "blob", "m", etag, since)
        assert decode_stored(across(encode_stored(stored)), plan) == stored


def test_a_new_file_is_equal_after_decoding_and_validated_again() -> None:
    new = NewFile(filename="a", title="A", parent="p", dynatype="Report", contacts=("c",), tags=("x", "y"))
    assert decode_new_file(across(encode_new_file(new))) == new

    with pytest.raises(ConfigurationError):
        decode_new_file(["", "", "p", None, [], []])


def test_an_event_is_equal_after_decoding() -> None:
    event = throttled(2.5, signed=True)

    assert decode_event(across(encode_event(event))) == event
