"""Responses as the faults let them pass: changed, slowed, cut or corrupted."""

import json
from collections.abc import Iterable
from typing import cast

import attrs
from aiohttp import web

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import Answer, Streamed
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.connection import Aborted, BodyStream, from_bytes, hang_up, wait_closed
from coredata_async.sandbox.faults import FALSE_MD5, Effect


def apply_faults(call: Call, answer: Answer) -> Answer:
    """Return the response with the effects of the faults; most effects act elsewhere and do not change it."""
    effect = call.effect
    changes = effect.wrong_digest or effect.hidden or effect.nulled or effect.hidden_objects
    wants = changes or effect.lying_next or effect.broken_json
    if not wants or not isinstance(answer.body, bytes) or not _is_json(answer):
        return answer
    value = cast("dict[str, object]", json.loads(answer.body))
    if effect.hidden_objects and "objects" in value:
        value["objects"] = [each for each in _documents(value) if not _is_hidden(effect, each)]
    for document in _documents(value):
        _disguise(effect, document)
    if effect.lying_next and "meta" in value:
        _mislead(call, effect.lying_next, cast("dict[str, object]", value["meta"]))
    body = json.dumps(value).encode()
    return attrs.evolve(answer, body=body[: len(body) // 2] if effect.broken_json else body)


def _is_json(answer: Answer) -> bool:
    return answer.headers.get("Content-Type") == "application/json" and bool(answer.body)


def _documents(value: dict[str, object]) -> Iterable[dict[str, object]]:
    """Return the documents of a list, or the single document."""
    return cast("list[dict[str, object]]", value.get("objects", [value]))


def _is_hidden(effect: Effect, document: dict[str, object]) -> bool:
    return document.get("id") in effect.hidden_objects or document.get("title") in effect.hidden_objects


def _disguise(effect: Effect, document: dict[str, object]) -> None:
    if effect.wrong_digest and "digest" in document:
        document["digest"] = FALSE_MD5
    for name in effect.hidden:
        document.pop(name, None)
    for name in effect.nulled:
        document[name] = None


def _mislead(call: Call, mode: str, meta: dict[str, object]) -> None:
    limit, offset = cast("int", meta["limit"]), cast("int", meta["offset"])
    following = {"always": offset + limit, "same": offset}.get(mode)
    meta["next"] = listing.at(call.path, call.query, limit, following)


async def send_answer(call: Call, answer: Answer) -> web.StreamResponse:
    """Hand the response to aiohttp: as a whole if it is short and unaffected by faults, else in pieces."""
    if isinstance(answer.body, bytes) and not _is_shaped(call):
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    body = (
        answer.body
        if isinstance(answer.body, Streamed)
        else Streamed(len(answer.body), from_bytes(answer.body))
    )
    try:
        return await _stream(call, answer, body)
    finally:
        await body.close()


def _is_shaped(call: Call) -> bool:
    effect = call.effect
    late = not call.has_body and (effect.stall is not None or effect.corrupt is not None)
    return late or effect.truncate is not None or effect.rate is not None


async def _stream(call: Call, answer: Answer, body: Streamed) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = body.length
    await response.prepare(call.request)
    call.request.writer.send_headers()  # so that a body cut at byte 0 is a cut body
    if call.request.method == "HEAD":
        return response
    effect, quiet = call.effect, call.has_body
    flow = BodyStream(
        body.read,
        hold=lambda: wait_closed(call.request),
        cut=effect.truncate,
        stall=None if quiet else effect.stall,
        rate=effect.rate,
        corrupt=None if quiet else effect.corrupt,
    )
    try:
        async for piece in flow:
            await response.write(piece)
    except Aborted:
        # Closed, not reset: the bytes sent before the cut must arrive.
        hang_up(call.request)
    return response
