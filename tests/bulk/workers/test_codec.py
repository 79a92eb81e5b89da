"""What crosses keeps its class, its fields and its words."""

import errno
import json
import marshal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coredata_async import errors
from coredata_async.bulk.run.failures import classify
from coredata_async.bulk.workers import codec
from coredata_async.bulk.workers.sender import FileToSend
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
from tests.bulk.workers.rig import throttled

POST = Request("POST", "/api/v2/files/?q=secret")


def across(plain):
    """Over the line and back."""
    return marshal.loads(marshal.dumps(plain))


BUSY = Reply(503, {"Retry-After": "7", "X-Request-Id": "r1"}, b"{}", attempts=3, elapsed=1.5)

# How one of a class is made, with all its fields; the first that fits counts.
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
def test_an_error_of_ours_is_the_same_on_the_other_side(kind) -> None:
    before = an_error(kind)
    after = codec.decode_error(across(codec.encode_error(before)))

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
def test_any_other_error_is_judged_alike_and_says_the_same(before) -> None:
    after = codec.decode_error(across(codec.encode_error(before)))

    assert classify(after) == classify(before)


def test_no_error_is_made_of_a_name_that_is_none() -> None:
    for name in ("print", "os", "CoreDataErrors", "Callable", "SystemExit"):
        assert type(codec.decode_error([name, ["words"], {}, "words"])) is RuntimeError


def test_a_source_that_changed_is_still_one() -> None:
    found = codec.decode_error(across(codec.encode_error(SourceChangedError("x changed", stage="put"))))

    with pytest.raises(SourceChangedError, match="x changed"):
        raise found


def test_a_path_need_be_no_text() -> None:
    parcel = FileToSend("d/na\u00efve \u20ac\n.txt".encode() + b"\xff\xfe", "a.txt", 3, "text/plain")

    assert codec.decode_file(across(codec.encode_file(parcel))) == parcel


def test_what_was_stored_comes_back_whole() -> None:
    parcel = FileToSend(b"a", "a", 3, "text/plain")
    plan = Planned(size=3, content_type="text/plain")
    for etag, since in ((None, None), ("m", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))):
        stored = Stored(plan, "blob", "m", etag, since)
        assert codec.decode_stored(across(codec.plain_stored(stored)), parcel) == stored


def test_a_new_file_comes_back_whole_and_is_checked_again() -> None:
    new = NewFile(filename="a", title="A", parent="p", dynatype="Report", contacts=("c",), tags=("x", "y"))
    assert codec.new_of(across(codec.plain_new(new))) == new

    with pytest.raises(ConfigurationError):
        codec.new_of(["", "", "p", None, [], []])


def test_an_event_comes_back_whole() -> None:
    event = throttled(2.5, signed=True)

    assert codec.event_of(across(codec.plain_event(event))) == event
