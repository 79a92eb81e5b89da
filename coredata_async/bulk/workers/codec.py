"""Codec of the values in messages: errors keep their class, fields and text."""

from __future__ import annotations

import builtins
import json
from datetime import UTC, datetime
from typing import Any

from attrs import astuple

from coredata_async import errors
from coredata_async.errors import CoreDataError
from coredata_async.transfer.steps import Planned, Stored
from coredata_async.transport.trace import Exchanged
from coredata_async.wire.files import NewFile


def encode_time(moment: datetime | None) -> float | None:
    """Return seconds since the epoch."""
    return None if moment is None else moment.timestamp()


def decode_time(plain: float | None) -> datetime | None:
    """Decode a point in time."""
    return None if plain is None else datetime.fromtimestamp(plain, UTC)


def encode_stored(stored: Stored) -> list[Any]:
    """Encode stored bytes without the plan, which the other end has."""
    return [stored.blob, stored.md5, stored.etag, encode_time(stored.since)]


def decode_stored(plain: list[Any], plan: Planned) -> Stored:
    """Decode stored bytes."""
    blob, md5, etag, since = plain
    return Stored(plan, blob, md5, etag, decode_time(since))


def encode_new_file(new: NewFile) -> list[Any]:
    """Encode the values of a new File."""
    return [new.filename, new.title, new.parent, new.dynatype, new.contacts, new.tags]


def decode_new_file(plain: list[Any]) -> NewFile:
    """Decode the values of a new File."""
    filename, title, parent, dynatype, contacts, tags = plain
    return NewFile(
        filename=filename,
        title=title,
        parent=parent,
        dynatype=dynatype,
        contacts=tuple(contacts),
        tags=tuple(tags),
    )


def encode_event(event: Exchanged) -> list[Any]:
    """Encode an exchange, as hooks receive it: it never contains a query."""
    return list(astuple(event))


def decode_event(plain: list[Any]) -> Exchanged:
    """Decode an exchange."""
    return Exchanged(*plain)


def encode_error(exc: Exception) -> list[Any]:
    """Encode an error as the name of its class, its arguments, its fields, and its text."""
    name, text = type(exc).__name__, str(exc) or type(exc).__name__
    fields = dict(exc.__dict__) if isinstance(exc, CoreDataError) else {}
    try:
        encoded: list[Any] = json.loads(json.dumps([name, list(exc.args), fields, text]))
    except (TypeError, ValueError):  # an argument or a field is not a plain value
        return [name, [text], {}, text]
    return encoded


def decode_error(plain: list[Any]) -> Exception:
    """Decode an error; if its class is unknown, return another one with the same text."""
    name, args, fields, text = plain
    kind: object = getattr(errors, name, None) or getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, CoreDataError):
        error = kind.__new__(kind, *args)
        error.args = tuple(args)  # as in `CoreDataError.__reduce__`: `__init__` requires more than `args`
        error.__dict__.update(fields)
        return error
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return RuntimeError(text)
    try:
        built = kind(*args)
    except TypeError:  # a UnicodeDecodeError, for example, needs more than a text
        return RuntimeError(text)
    if text in {str(built), name}:
        return built
    return OSError(text) if isinstance(built, OSError) else RuntimeError(text)  # its `args` lack the file
