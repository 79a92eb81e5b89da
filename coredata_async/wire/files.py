"""Calls that only files have: register a blob, upload in one request, replace content, locate content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

from attrs import field, frozen

from coredata_async.call import Call, read_created_id
from coredata_async.errors import ConfigurationError
from coredata_async.ids import HasId, Id, id_of, ids_of
from coredata_async.message import Body, Reply, Request
from coredata_async.plain_data import PlainData
from coredata_async.wire.calls import JSON_HEADERS, SENDS_JSON
from coredata_async.wire.convert import encode_json
from coredata_async.wire.resource import segment

PATH: Final = "/api/v2/files/"

_PLAIN_DYNATYPE: Final = "File"
_REGISTER_PATIENCE: Final = 2.5


def _parent(value: Id) -> str:
    return value if isinstance(value, str) else id_of(value, "parent")


def _contacts(values: Sequence[Id]) -> tuple[str, ...]:
    return ids_of(values, "contacts") if values or isinstance(values, str) else ()


def _tags(values: Sequence[str]) -> tuple[str, ...]:
    return ids_of(values, "tags") if values or isinstance(values, str) else ()


@frozen(kw_only=True)
class NewFile:
    """Names, parent and metadata of a new File."""

    filename: str
    title: str
    parent: str = field(converter=_parent)
    dynatype: str | None = None
    contacts: tuple[str, ...] = field(default=(), converter=_contacts)
    """Ids; objects with an id are accepted."""
    tags: tuple[str, ...] = field(default=(), converter=_tags)

    def fields(self) -> dict[str, str]:
        """Return the form's text fields, in the order of the vendor's page."""
        filled = {"filename": self.filename, "title": self.title, "parent": self.parent}
        if self.dynatype:
            filled["dynatype"] = self.dynatype
        if self.contacts:
            filled["contacts"] = comma_joined("contacts", self.contacts)
        if self.tags:
            filled["tags"] = comma_joined("tags", self.tags)
        return filled

    def to_dict(self) -> dict[str, object]:
        """Return the file as JSON-compatible data."""
        return {
            "filename": self.filename,
            "title": self.title,
            "parent": self.parent,
            "dynatype": self.dynatype,
            "contacts": list(self.contacts),
            "tags": list(self.tags),
        }

    @classmethod
    def from_dict(cls, data: object) -> NewFile:
        """Read what `to_dict` returned.

        Raises:
            ConfigurationError: If it is something else.
        """
        fields = PlainData.of(data, "a new file")
        return cls(
            filename=fields.text("filename"),
            title=fields.text("title"),
            parent=fields.text("parent"),
            dynatype=fields.optional_text("dynatype"),
            contacts=fields.texts("contacts"),
            tags=fields.texts("tags"),
        )

    def __attrs_post_init__(self) -> None:
        _check_parent(self.parent)
        for name in ("filename", "title"):
            if not getattr(self, name).strip():
                raise ConfigurationError(f"{name} must not be empty")
        try:
            # Reject values that cannot be expressed now, and not after the bytes have been stored.
            "".join(self.fields().values()).encode()
        except UnicodeEncodeError:
            raise ConfigurationError(
                f"{self.filename!r}: a name contains bytes that are not text; pass filename and title"
            ) from None
        if self.contacts and (self.dynatype or _PLAIN_DYNATYPE) == _PLAIN_DYNATYPE:
            raise ConfigurationError(
                "contacts need another dynatype than 'File': the server would drop them silently"
            )


@lru_cache(maxsize=256)
def _check_parent(parent: str) -> str:
    """Check that a parent is an id.

    Cached: it takes 6 us, 3 % of a small file, and thousands share one parent.
    """
    return segment(parent, "parent")


def comma_joined(name: str, values: Sequence[str | HasId]) -> str:
    """Return a list in the form that files expect: one string.

    Raises:
        ConfigurationError: If a value contains a comma, which cannot be expressed, or if it is not a list.
    """
    texts = ids_of(values, name)
    for value in texts:
        if "," in value or not value.strip():
            raise ConfigurationError(
                f"{name}: {value!r} is empty or contains a comma, which the API cannot express"
            )
    return ",".join(texts)


def register(new: NewFile, blob_name: str) -> Call[str]:
    """Register a stored blob as a File: POST of a form, answered 201. Never repeated blindly."""
    return Call(registration_request(new, blob_name), 201, read_created_id)


def registration_request(new: NewFile, blob_name: str) -> Request:
    """Return the request that `register` sends."""
    body, content_type = form({"blob_name": blob_name, **new.fields()})
    return _post(body, content_type)


def upload_whole(body: Body | bytes, content_type: str) -> Call[str]:
    """Create a File and send its bytes in one request; `body` is the whole form. Never repeated blindly."""
    return Call(_post(body, content_type), 201, read_created_id)


def _post(body: bytes | Body, content_type: str) -> Request:
    headers = {**JSON_HEADERS, "Content-Type": content_type}
    return Request("POST", PATH, headers, body, repeatable=False, patience=_REGISTER_PATIENCE)


def update_metadata(file_id: Id, fields: Mapping[str, str]) -> Call[None]:
    """Replace the metadata of a File: PUT of all mandatory fields, answered 204. Safe to repeat."""
    missing = {"filename", "title", "parent"} - {name for name, value in fields.items() if value}
    if missing:
        raise ConfigurationError(f"{', '.join(sorted(missing))} must not be empty")
    body = encode_json(dict(fields))
    return Call(Request("PUT", f"{PATH}{segment(file_id)}/", SENDS_JSON, body), 204, lambda _: None)


@frozen
class Version:
    """A new content of a File, as reported by the server."""

    digest: str | None
    """MD5 of the bytes that the server stored, in hexadecimal."""
    snapshot_id: str | None


def replace_content(
    file_id: str,
    *,
    body: Body | bytes | None = None,
    filename: str | None = None,
    snapshot_id: str | None = None,
    blob_name: str | None = None,
    digest: str | None = None,
) -> Call[Version]:
    """Replace the content of a File, by body or by blob name and digest: PUT, answered 201."""
    asked: Mapping[str, str | None] = {
        "filename": filename,
        "snapshot_id": snapshot_id,
        "blob_name": blob_name,
        "digest": digest,
    }
    text = urlencode({k: v for k, v in asked.items() if v is not None}, quote_via=quote, safe="")
    headers = dict(JSON_HEADERS)
    if blob_name is None:
        headers["Content-Type"] = "application/octet-stream"
    target = f"{PATH}{segment(file_id)}/content/" + (f"?{text}" if text else "")
    # With a lock, a blind repeat would find the snapshot that the first attempt made.
    request = Request(
        "PUT", target, headers, body, repeatable=snapshot_id is None, patience=_REGISTER_PATIENCE
    )

    def read(reply: Reply) -> Version:
        return Version(
            reply.headers.get("X-Coredata-fields-filedigest"),
            reply.headers.get("X-Coredata-fields-snapshot-id"),
        )

    return Call(request, 201, read)


def content(file_id: str) -> Request:
    """Return the request for a File's content.

    GET, answered 302 with a signed URL (in 2014: 200 with the bytes).
    """
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    return Request("GET", f"{PATH}{segment(file_id)}/content/", headers, stream=True)


def form_around(
    fields: Mapping[str, str], *, filename: str, content_type: str, boundary: str
) -> tuple[bytes, bytes, str]:
    """Return what precedes and follows the bytes of a file in a form, and the form's Content-Type."""
    if not content_type.isascii() or not content_type.isprintable():
        raise ConfigurationError(f"{content_type!r} is not a content type")
    name = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")  # as browsers do
    head = form(fields, boundary=boundary)[0].removesuffix(f"--{boundary}--\r\n".encode())
    head += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    ).encode()
    return head, f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def form(fields: Mapping[str, str], *, boundary: str | None = None) -> tuple[bytes, str]:
    """Return a multipart form of text fields, and its Content-Type.

    The form is one bytes object: aiohttp's own form is sent in 17 small writes and halves the rate of small
    files. The boundary is a digest of the fields, which therefore cannot contain it.
    """
    mark = boundary or hashlib.sha256(repr(fields).encode()).hexdigest()[:32]
    text = ""
    for name, value in fields.items():
        text += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    return f"{text}--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"
