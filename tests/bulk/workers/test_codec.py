"""Codec: values keep their class, fields and text."""

import errno
import json
import marshal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coredata_async import errors
from coredata_async.bulk.run.failures import classify
from coredata_async.bulk.workers import codec
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
def test_any_other_error_is_handled_alike_and_has_the_same_text(before) -> None:
    after = codec.decode_error(across(codec.encode_error(before)))

    assert classify(after) == classify(before)


def test_an_unknown_class_becomes_a_runtime_error() -> None:
    for name in ("print", "os", "CoreDataErrors", "Callable", "SystemExit"):
        assert type(codec.decode_error([name, ["words"], {}, "words"])) is RuntimeError


def test_a_source_changed_error_keeps_its_class() -> None:
    found = codec.decode_error(across(codec.encode_error(SourceChangedError("x changed", stage="put"))))

    with pytest.raises(SourceChangedError, match="x changed"):
        raise found


def test_stored_bytes_are_equal_after_decoding() -> None:
    plan = Planned(size=3, content_type="text/plain")
    for etag, since in ((None, None), ("m", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))):
        stored = Stored(plan, "blob", "m", etag, since)
        assert codec.decode_stored(across(codec.encode_stored(stored)), plan) == stored


def test_a_new_file_is_equal_after_decoding_and_validated_again() -> None:
    new = NewFile(filename="a", title="A", parent="p", dynatype="Report", contacts=("c",), tags=("x", "y"))
    assert codec.decode_new_file(across(codec.encode_new_file(new))) == new

    with pytest.raises(ConfigurationError):
        codec.decode_new_file(["", "", "p", None, [], []])


def test_an_event_is_equal_after_decoding() -> None:
    event = throttled(2.5, signed=True)

    assert codec.decode_event(across(codec.encode_event(event))) == event
