"""The complete description: endpoints, schemas and security."""

from __future__ import annotations

from typing import Final

from coredata_async.resources.registry import ROWS, endpoints
from coredata_async.version import VERSION
from tools.openapi.operations import envelope, operation
from tools.openapi.schemas import Schema, models_in, read_schema

_ABOUT: Final = (
    "CoreData's document service as `coredata-async` knows it, generated from the library's own table. "
    "It is not the vendor's: for each operation, `x-evidence` says whether it is documented, only named in "
    "the documentation, or seen in clients of 2014; `x-source` is the source. Every path ends in a slash: "
    "without it the service redirects, and a POST may become a GET."
)
_META: Final[Schema] = {
    "type": "object",
    "required": ["limit", "next", "offset", "previous", "total_count"],
    "properties": {
        "limit": {"type": "integer"},
        "next": {"type": ["string", "null"], "description": "Path and query; sometimes wrong."},
        "offset": {"type": "integer"},
        "previous": {"type": ["string", "null"]},
        "total_count": {
            "type": "integer",
            "description": "Number of matching objects, not of returned ones.",
        },
    },
}
_RESERVATION: Final[Schema] = {
    "type": "object",
    "required": ["blobName", "presignedUrl"],
    "properties": {
        "blobName": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "presignedUrl": {"type": "string", "format": "uri", "description": "A secret."},
    },
}


def describe() -> Schema:
    """Return the description of the service, a new OpenAPI 3.1 document at each call."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "CoreData", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "https://{tenant}.coredata.is", "variables": {"tenant": {"default": "example"}}}],
        "paths": _paths(),
        "components": {"schemas": _schemas(), "securitySchemes": _security()},
    }


def _paths() -> Schema:
    paths: Schema = {}
    for endpoint in endpoints():
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation(endpoint)
    return paths


def _schemas() -> Schema:
    keys = {kind.model: kind.key for kind in ROWS.values()}
    models = dict.fromkeys(model for kind in ROWS.values() for model in models_in(kind.model))
    return {
        "Meta": _META,
        "Reservation": _RESERVATION,
        **{model.__name__: read_schema(model, keys.get(model)) for model in models},
        **{f"{model.__name__}List": envelope(model.__name__) for model in keys},
    }


def _security() -> Schema:
    header = {"type": "apiKey", "in": "header", "name": "Authorization"}
    return {
        "apikeyV2": {**header, "description": "`apikey <API_USER>:<API_KEY>`, in plain text."},
        "apikeyV3": {**header, "description": "`apikey <API_KEY>`: the key alone."},
    }
