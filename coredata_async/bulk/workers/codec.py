"""What crosses the line, as plain values, and back: errors keep their class, fields and words."""

from __future__ import annotations

import builtins
import json
from datetime import UTC, datetime
from typing import Any

from attrs import astuple

from coredata_async import errors
from coredata_async.bulk.workers.sender import FileToSend
from coredata_async.errors import CoreDataError
from coredata_async.transfer.steps import Planned, Stored
from coredata_async.transport.trace import Exchanged
from coredata_async.wire.files import NewFile


def encode_file(parcel: FileToSend) -> list[Any]:
    """The path as bytes: what names a file need be no text."""
    return [parcel.path, parcel.filename, parcel.size, parcel.content_type]


def decode_file(plain: list[Any]) -> FileToSend:
    """Take it back."""
    path, filename, size, content_type = plain
    return FileToSend(path, filename, size, content_type)


def plain_moment(moment: datetime | None) -> float | None:
    """Seconds since the epoch."""
    return None if moment is None else moment.timestamp()


def moment_of(plain: float | None) -> datetime | None:
    """Take it back."""
    return None if plain is None else datetime.fromtimestamp(plain, UTC)


def plain_stored(stored: Stored) -> list[Any]:
    """All but the plan, which the other end has."""
    return [stored.blob, stored.md5, stored.etag, plain_moment(stored.since)]


def decode_stored(plain: list[Any], parcel: FileToSend) -> Stored:
    """Take it back."""
    blob, md5, etag, since = plain
    return Stored(
        Planned(size=parcel.size, content_type=parcel.content_type), blob, md5, etag, moment_of(since)
    )


def plain_new(new: NewFile) -> list[Any]:
    """The File that is wanted."""
    return [new.filename, new.title, new.parent, new.dynatype, new.contacts, new.tags]


def new_of(plain: list[Any]) -> NewFile:
    """Take it back."""
    filename, title, parent, dynatype, contacts, tags = plain
    return NewFile(
        filename=filename,
        title=title,
        parent=parent,
        dynatype=dynatype,
        contacts=tuple(contacts),
        tags=tuple(tags),
    )


def plain_event(event: Exchanged) -> list[Any]:
    """An exchange, as hooks see it: it never holds a query."""
    return list(astuple(event))


def event_of(plain: list[Any]) -> Exchanged:
    """Take it back."""
    return Exchanged(*plain)


def encode_error(exc: Exception) -> list[Any]:
    """An error as the name of its class, its arguments, its fields, and what it says."""
    name, words = type(exc).__name__, str(exc) or type(exc).__name__
    fields = dict(exc.__dict__) if isinstance(exc, CoreDataError) else {}
    try:
        found: list[Any] = json.loads(json.dumps([name, list(exc.args), fields, words]))
    except (TypeError, ValueError):  # an argument, or a field, that is no plain value
        return [name, [words], {}, words]
    return found


def decode_error(plain: list[Any]) -> Exception:
    """The same error, if it is one of ours or of Python's own; else one that says the same."""
    name, args, fields, words = plain
    kind: object = getattr(errors, name, None) or getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, CoreDataError):
        error = kind.__new__(kind, *args)
        error.args = tuple(args)  # as `CoreDataError.__reduce__` has it: `__init__` takes what `args` lacks
        error.__dict__.update(fields)
        return error
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return RuntimeError(words)
    try:
        found = kind(*args)
    except TypeError:  # a UnicodeDecodeError, for one, takes no words alone
        return RuntimeError(words)
    if words in {str(found), name}:
        return found
    return OSError(words) if isinstance(found, OSError) else RuntimeError(words)  # its `args` lack the file
