"""JSON Schemas of models, filters, new and edit classes, derived from their types."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, get_args, get_origin, get_type_hints

import attrs

from coredata_async.fields import alternatives, docstrings
from coredata_async.resources.comments import Comment
from coredata_async.resources.contacts import Address, Email, Link, NewContact, Phone
from coredata_async.resources.values import Aspects, ListValue
from coredata_async.unset import Unset
from coredata_async.wire.resource import Paging

Schema = dict[str, Any]

_MOMENT: Final[Schema] = {
    "type": "string",
    "format": "date-time-local",  # without a zone it is UTC, but not a `date-time` of RFC 3339
    "description": "UTC, without a zone, cut to the second.",
}
_INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
_PLAIN: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date"},
    datetime: _MOMENT,
    ListValue: {"type": "string", "description": "A value of a value list: `<list>:<value>:<parent value>`."},
    Aspects: {
        "type": "object",
        "additionalProperties": True,
        "description": "Further fields, grouped by aspect; the aspects depend on tenant and dynatype.",
    },
    Any: {},
}
_ODD: Final[Mapping[tuple[type[Any], str], Schema]] = {(Comment, "id"): {"type": "integer"}}
"""Fields whose Python type differs from the type in JSON."""
_PARTS: Final[Mapping[tuple[type[Any], str], type[Any]]] = {
    (NewContact, "emails"): Email,
    (NewContact, "phones"): Phone,
    (NewContact, "contact_addresses"): Address,
    (NewContact, "urls"): Link,
}
"""Lists of mappings whose keys are known from responses."""


def read_schema(model: type[Any], key: str | None) -> Schema:
    """Return the schema of a response: only the key is mandatory, and further fields are allowed."""
    kinds, notes = get_type_hints(model), docstrings(model)
    properties = {
        name: _with_note(
            _ODD.get((model, name)) or _response_schema(kinds[name], sure=name == key), notes.get(name)
        )
        for name in _names(model)
        if name != "extra"
    }
    schema = {"type": "object", "properties": properties, "additionalProperties": True}
    return _with_title(model, schema, [key] if key else [])


def request_schema(model: type[Any]) -> Schema:
    """Return the schema of a request: mandatory fields of a new object, nullable fields of a change."""
    kinds, notes = get_type_hints(model), docstrings(model)
    properties = {
        name: _with_note(_parts((model, name)) or _request_schema(kinds[name]), notes.get(name))
        for name in _names(model)
    }
    required = [attribute.name for attribute in attrs.fields(model) if attribute.default is attrs.NOTHING]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return _with_title(model, schema, required)


def form_schema(model: type[Any], **more: Schema) -> Schema:
    """Return the schema of a form of text fields, in which a list is one string with commas."""
    required = [attribute.name for attribute in attrs.fields(model) if attribute.default is attrs.NOTHING]
    kinds = get_type_hints(model)
    properties = {
        name: {"type": "string", "minLength": 1}
        if name in required
        else _with_note({"type": "string"}, "Comma-separated." if get_origin(kinds[name]) is tuple else None)
        for name in _names(model)
    }
    return {"type": "object", "properties": {**more, **properties}, "required": required}


def filters(where: Any) -> list[Schema]:
    """Return the query parameters of a listing."""
    kinds, notes = get_type_hints(where), docstrings(where)
    own = [name for name in _names(where) if name not in _names(Paging)]
    return [_parameter(name, kinds[name], notes.get(name)) for name in own]


def models_in(model: type[Any]) -> Iterator[type[Any]]:
    """Yield a model and all models nested in it."""
    yield model
    for kind in get_type_hints(model).values():
        for inner in _inside(kind):
            yield from models_in(inner)


def ref(model: type[Any]) -> Schema:
    """Return a reference to a model's schema."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _parameter(name: str, kind: Any, note: str | None) -> Schema:
    arms = [arm for arm in alternatives(kind) if arm is not type(None)]
    if name.endswith("__range"):
        pair: Schema = {"type": "array", "items": _INSTANT, "minItems": 2, "maxItems": 2}
        schema: Schema = {"schema": pair, "style": "form", "explode": False}
    else:
        schema = {"schema": _INSTANT if datetime in arms else {"type": "string", "minLength": 1}}
    return _with_note({"name": name, "in": "query", **schema}, note)


def _response_schema(kind: Any, *, sure: bool) -> Schema:
    schema = _schema(kind)
    if sure or not schema:
        return schema
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def _request_schema(kind: Any) -> Schema:
    schema = _schema(kind)
    return (
        {**schema, "type": [schema["type"], "null"]}
        if {Unset, type(None)} <= set(alternatives(kind))
        else schema
    )


def _parts(attribute: tuple[type[Any], str]) -> Schema | None:
    part = _PARTS.get(attribute)
    if part is None:
        return None
    properties = {name: {"type": "string"} for name in _names(part) if name != "extra"}
    return {
        "type": "array",
        "items": {"type": "object", "properties": properties, "additionalProperties": False},
    }


def _schema(kind: Any) -> Schema:
    kind = next(arm for arm in alternatives(kind) if arm not in (Unset, type(None)))
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (tuple, Sequence):
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema(arguments[1]) or True}
    return ref(kind)


def _inside(kind: Any) -> Iterator[type[Any]]:
    for arm in (*alternatives(kind), *get_args(kind)):
        if isinstance(arm, type) and attrs.has(arm) and arm is not Aspects:
            yield arm


def _names(model: type[Any]) -> list[str]:
    return [attribute.name for attribute in attrs.fields(model)]


def _with_title(model: type[Any], schema: Schema, required: list[str]) -> Schema:
    return _with_note({**schema, "required": required} if required else schema, inspect.getdoc(model))


def _with_note(schema: Schema, note: str | None) -> Schema:
    return {**schema, "description": note} if note else schema
