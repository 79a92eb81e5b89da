"""The format of a message: a JSON object that names a source, the File it becomes, and the key of both."""

from __future__ import annotations

import re
from typing import Final, Self

from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.escapes import escape_controls
from coredata_async.events.errors import InvalidMessageError
from coredata_async.json_text import decode_json
from coredata_async.plain_data import PlainData
from coredata_async.records.record import check_key
from coredata_async.redaction import without_queries

REQUIRED: Final = ("source", "parent", "filename", "key")
OPTIONAL: Final = ("title", "dynatype", "contacts", "tags", "content_type", "size", "digest")
_MD5: Final = re.compile(r"[0-9A-Fa-f]{32}")
_END: Final = re.compile(r"[?#]")
_SHOWN: Final = 300
"""Maximum number of characters of a source, or of a key, in a log record or a reason."""
_UNREADABLE: Final = "the message is not a JSON object in UTF-8"


@frozen(kw_only=True)
class UploadMessage:
    """A source to upload, and the File it is to become."""

    source: str = field(repr=lambda source: repr(show_source(source)))
    """A path below an allowed root, or an https URL of an allowed host."""
    parent: str
    """Id of a Project, Folder or Filespace."""
    filename: str
    key: str
    """The idempotency key: it should include the version of the content."""
    title: str | None = None
    dynatype: str | None = None
    contacts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    content_type: str | None = None
    size: int | None = None
    """Number of bytes, if known. A URL of another size is refused."""
    digest: str | None = None
    """MD5 in hexadecimal, if known. It saves reading the source again when a message is repeated."""

    @property
    def label(self) -> str:
        """The key, and the source without the secrets that a URL may contain: for the log."""
        return escape_controls(f"{shorten(self.key)} ({show_source(self.source)})")

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a message.

        Raises:
            InvalidMessageError: If it is not JSON, a field is missing, unknown or of a wrong type, or no
                record store takes the key.
        """
        try:
            plain: object = decode_json(data)
        except ValueError:
            raise InvalidMessageError(_UNREADABLE) from None
        try:
            return cls._read(PlainData.of(plain, "the message"))
        except ConfigurationError as exc:
            raise InvalidMessageError(str(exc)) from None

    @classmethod
    def _read(cls, fields: PlainData) -> Self:
        unknown = sorted(set(fields.fields) - {*REQUIRED, *OPTIONAL})
        if unknown:
            named = ", ".join(map(repr, unknown))
            raise ConfigurationError(f"the message has unknown fields: {shorten(named)}")
        message = cls(
            **{name: fields.text(name) for name in REQUIRED},
            title=fields.optional_text("title"),
            dynatype=fields.optional_text("dynatype"),
            contacts=_texts(fields, "contacts"),
            tags=_texts(fields, "tags"),
            content_type=fields.optional_text("content_type"),
            size=None if fields.fields.get("size") is None else fields.integer("size"),
            digest=fields.optional_text("digest"),
        )
        empty = [name for name in REQUIRED if not getattr(message, name)]
        if empty:
            raise ConfigurationError(f"the message has empty fields: {', '.join(empty)}")
        check_key(message.key)
        if message.size is not None and message.size < 0:
            raise ConfigurationError(f"the message: 'size' must be 0 or more, not {message.size}")
        if message.digest is not None and not _MD5.fullmatch(message.digest):
            raise ConfigurationError("the message: 'digest' must be an MD5 of 32 hexadecimal digits")
        return message


def show_source(source: str) -> str:
    """Return the beginning of a source for a message, of a URL without user name, query and fragment."""
    if "://" in source:
        scheme, mark, rest = _END.split(source, maxsplit=1)[0].partition("://")
        authority, slash, path = rest.partition("/")
        source = without_queries(f"{scheme}{mark}{authority.rpartition('@')[2]}{slash}{path}")
    return shorten(source)


def shorten(text: str) -> str:
    """Return the beginning of a text of a message, for the log or a reason."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _texts(fields: PlainData, name: str) -> tuple[str, ...]:
    return () if fields.fields.get(name) is None else fields.texts(name)


def read_key(data: bytes) -> str | None:
    """Return the key of a message that may be invalid otherwise, for its dead letter."""
    try:
        key = PlainData.of(decode_json(data), "").optional_text("key")
    except (ValueError, ConfigurationError):
        return None
    return key
