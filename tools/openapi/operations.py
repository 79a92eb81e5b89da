"""OpenAPI operations, one per endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

from coredata_async.resources.document import Document
from coredata_async.resources.projects import PROJECTS
from coredata_async.resources.registry import NESTED, ROWS, Endpoint
from coredata_async.resources.users import USERS
from coredata_async.wire.files import NewFile
from coredata_async.wire.resource import AppendableKind, EditableKind, Resource
from tools.openapi.schemas import Schema, filters, form_schema, ref, request_schema

_UUID: Final[Schema] = {"type": "string", "format": "uuid"}
_MD5: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_BYTES: Final[Schema] = {"type": "string", "format": "binary"}
_LOCATION: Final[Schema] = {
    "Location": {
        "required": True,
        "description": "Path of the new object; its last segment is the id.",
        "schema": {"type": "string"},
    }
}
_VERSION: Final[Schema] = {
    "X-Coredata-fields-filedigest": {"description": "MD5 of the stored bytes.", "schema": _MD5},
    "X-Coredata-fields-snapshot-id": {"description": "Snapshot id of the new version.", "schema": _UUID},
}
_NOT_DOCUMENTED: Final[Schema] = {
    "description": "No error is documented, with status or body. Seen or inferred: 400 with "
    '`{"error": …}`, 401, 404 and 405 without a body, 429 with Retry-After, 500 with `{"error_message": …}`.'
}
_PAGING: Final[list[Schema]] = [
    {
        "name": "limit",
        "in": "query",
        "description": "Objects per page. The maximum and the meaning of 0 are not documented.",
        "schema": {"type": "integer", "minimum": 1, "default": 20},
    },
    {
        "name": "offset",
        "in": "query",
        "description": "Number of objects to skip.",
        "schema": {"type": "integer", "minimum": 0, "default": 0},
    },
]


@frozen
class Shape:
    """Parameters, body and responses of an operation."""

    parameters: list[Schema] = field(factory=list[Schema])
    body: Schema | None = None
    answer: Schema = field(factory=dict[str, Any])
    """The response that means success: `content`, `headers`."""
    also: Mapping[str, Schema] = field(factory=dict[str, Schema])
    """Further responses, by status."""


def operation(endpoint: Endpoint) -> Schema:
    """Return the description of one endpoint."""
    shape = _shape(endpoint)
    proof = endpoint.proof
    described: Schema = {
        "operationId": endpoint.operation,
        "summary": f"client.{endpoint.operation}",
        "description": f"Evidence: {proof.evidence}. Source: {proof.source}",
        "tags": [endpoint.operation.partition(".")[0]],
        "x-evidence": proof.evidence,
        "x-source": proof.source,
        "security": [{"apikeyV3": []} if "/v3/" in endpoint.path else {"apikeyV2": []}],
        "parameters": shape.parameters,
        "responses": {
            str(endpoint.status): {"description": _meaning(endpoint), **shape.answer},
            **shape.also,
            "default": _NOT_DOCUMENTED,
        },
    }
    if shape.body is not None:
        described["requestBody"] = shape.body
    return described


def envelope(name: str) -> Schema:
    """Return the schema of a listing's response."""
    return {
        "type": "object",
        "required": ["meta", "objects"],
        "properties": {
            "meta": {"$ref": "#/components/schemas/Meta"},
            "objects": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
        },
    }


def _shape(endpoint: Endpoint) -> Shape:
    special = _SPECIAL.get(endpoint.operation)
    if special is not None:
        return special()
    for nested in NESTED:
        if endpoint.path == f"{nested.owner}{{id}}/{nested.kind.name}/":
            return Shape([_place("id", _UUID), *_PAGING], answer=_page_of(nested.kind))
    noun, _, verb = endpoint.operation.partition(".")
    return _usual(ROWS[noun], verb)


def _usual(kind: Resource[Any, ...], verb: str) -> Shape:
    parameters = [_place(kind.key, _key_schema(kind))]
    match verb, kind:
        case "list", _:
            return Shape([*filters(kind.where), *_PAGING], answer=_page_of(kind))
        case "create", AppendableKind(new=new):
            return Shape(body=_json(request_schema(_class(new))), answer={"headers": _LOCATION})
        case "update", EditableKind(edit=edit):
            return Shape(parameters, body=_json(request_schema(_class(edit))))
        case "get", _:
            return Shape(parameters, answer=_content(ref(kind.model)))
        case _:
            return Shape(parameters)


def _create_file() -> Shape:
    schema = form_schema(NewFile, content=_BYTES, blob_name=_MD5)
    schema["oneOf"] = [{"required": ["content"]}, {"required": ["blob_name"]}]
    body: Schema = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return Shape(body=body, answer={"headers": _LOCATION})


def _update_file() -> Shape:
    return Shape([_place("id", _UUID)], body=_json(form_schema(NewFile)))


def _download() -> Shape:
    signed: Schema = {
        "required": True,
        "description": "Absolute signed URL of the bytes, on the tenant's own host; GET it without a key.",
        "schema": {"type": "string", "format": "uri"},
    }
    bytes_: Schema = {"content": {"application/octet-stream": {"schema": _BYTES}}}
    return Shape(
        [_place("id", _UUID)],
        answer={"headers": {"Location": signed}},
        also={"200": {"description": "The bytes, as returned by servers of 2014.", **bytes_}},
    )


def _replace() -> Shape:
    asked = [
        _parameter("filename", {"type": "string"}, "Its suffix replaces the stored one, if it differs."),
        _parameter("snapshot_id", _UUID, "If the File has changed since this snapshot, nothing is written."),
        _parameter(
            "blob_name", _MD5, "Name of a stored blob. Then `digest` is mandatory, and the body is omitted."
        ),
        _parameter("digest", _MD5, "MD5 of the blob."),
    ]
    body: Schema = {"content": {"application/octet-stream": {"schema": _BYTES}}}
    return Shape([_place("id", _UUID), *asked], body=body, answer={"headers": _VERSION})


def _reserve() -> Shape:
    length = _parameter("content_length", {"type": "integer", "minimum": 0}, "Bytes.")
    length["required"] = True
    kind = _parameter("content_type", {"type": "string"}, "MIME type; the PUT must send exactly this.")
    return Shape([length, kind], answer=_content({"$ref": "#/components/schemas/Reservation"}))


def _me() -> Shape:
    return Shape(answer=_page_of(USERS))


def _recent() -> Shape:
    return Shape(_PAGING, answer=_page_of(PROJECTS))


_SPECIAL: Final[Mapping[str, Callable[[], Shape]]] = {
    "files.create": _create_file,
    "files.update": _update_file,
    "files.download": _download,
    "files.replace": _replace,
    "blobs.reserve": _reserve,
    "me": _me,
    "recent_projects": _recent,
}
_MEANINGS: Final[Mapping[int, str]] = {
    200: "Found.",
    201: "Done.",
    204: "Done.",
    302: "Redirect to the bytes.",
}


def _meaning(endpoint: Endpoint) -> str:
    return _MEANINGS[endpoint.status]


def _class(made: Callable[..., object]) -> type[Any]:
    if not isinstance(made, type):
        raise TypeError(f"{made!r} is not a class")
    return made


def _page_of(kind: Resource[Any, ...]) -> Schema:
    return _content({"$ref": f"#/components/schemas/{kind.model.__name__}List"})


def _content(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}


def _json(schema: Schema) -> Schema:
    return {"required": True, **_content(schema)}


def _key_schema(kind: Resource[Any, ...]) -> Schema:
    if kind.name == "comments":
        return {"type": "integer"}
    return _UUID if issubclass(kind.model, Document) else {"type": "string", "minLength": 1}


def _place(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(name: str, schema: Schema, note: str) -> Schema:
    return {"name": name, "in": "query", "description": note, "schema": schema}
