"""Responses of a dialect to a result or a refusal: status, headers, bytes."""

import codecs
import html
import json
import mimetypes
from typing import TypeAlias

import attrs
from attrs import frozen

from coredata_async.sandbox.answer import Answer
from coredata_async.sandbox.faults import Effect
from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.parsing import Refusal
from coredata_async.sandbox.fivepm.rendering import Listed, Shown, SingleView, write_json, write_xml

_TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
_PAGE = "<!DOCTYPE html>\n<html><head><title>5pm: sign in</title></head><body><p>{}</p></body></html>\n"
_FATAL = (
    "<br />\n<b>Fatal error</b>:  Uncaught Exception: {} in <b>/srv/5pm/api.php</b> on line <b>42</b><br />\n"
)


@frozen
class Bytes:
    """Content of a file, sent unchanged."""

    name: str
    data: bytes


Response: TypeAlias = "Shown | SingleView | Bytes"


def form(dialect: Dialect, asked: str) -> str:
    """Return the format of the response, XML or JSON, for a `retType`."""
    return asked if dialect.honours_ret_type and asked in _TYPES else dialect.format


def success(result: Response, dialect: Dialect, form: str, effect: Effect) -> Answer:
    """Return the response for a result, in the dialect and with the faults."""
    if isinstance(result, Bytes):
        return _content(result, dialect)
    if isinstance(result, SingleView):
        result = {result.name: result.item} if dialect.named else result.item
    result = _apply_effect(result, effect) if effect.hidden or effect.nulled else result
    body = write_json(result, dialect) if form == "json" else write_xml(result, dialect)
    return _wrap(body[: len(body) // 2] if effect.broken_json else body, dialect, form)


def failure(refusal: Refusal, dialect: Dialect, form: str) -> Answer:
    """Return the response for a refusal; its form is not documented."""
    words = html.escape(refusal.message)
    match dialect.errors:
        case "html":
            return _web(_PAGE.format(words))
        case "php":
            return _web(_FATAL.format(words))
        case "body":
            failed = {"status": "fail", "error": refusal.message}
            xml = f'<response status="fail"><error>{words}</error></response>'
            return _wrap(json.dumps(failed).encode() if form == "json" else xml.encode(), dialect, form)
        case "status":
            error: Shown = {"error": refusal.message}
            body = write_json(error, dialect) if form == "json" else write_xml(error, dialect)
            return attrs.evolve(_wrap(body, dialect, form), status=refusal.status)


def _wrap(body: bytes, dialect: Dialect, form: str) -> Answer:
    mark = codecs.BOM_UTF8 if dialect.bom else b""
    return Answer(200, {"Content-Type": dialect.content_type or _TYPES[form]}, mark + body)


def _web(page: str) -> Answer:
    return Answer(200, {"Content-Type": "text/html; charset=utf-8"}, page.encode())


def _content(result: Bytes, dialect: Dialect) -> Answer:
    kind = mimetypes.guess_type(result.name)[0] or "application/octet-stream"
    headers = {"Content-Type": kind}
    if dialect.download == "raw":
        quoted = result.name.replace("\\", "\\\\").replace('"', '\\"')
        headers["Content-Disposition"] = f'attachment; filename="{quoted}"'
    return Answer(200, headers, result.data)


def _apply_effect(result: Shown, effect: Effect) -> Shown:
    """Omit or empty attributes, at every depth."""
    match result:
        case Listed():
            return attrs.evolve(result, items=tuple(_apply_effect(one, effect) for one in result.items))
        case dict():
            return {
                name: None if name in effect.nulled else _apply_effect(one, effect)
                for name, one in result.items()
                if name not in effect.hidden
            }
        case _:
            return result
