"""Processing of one request: routing, authentication, faults, handler, response, log.

The faults change, slow, cut or corrupt the response.
"""

import asyncio
import json
import time
from collections.abc import Iterable
from typing import cast

import attrs
from aiohttp import web
from attrs import define, field

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import UNAUTHORIZED, Answer, Refused, Streamed, refuse
from coredata_async.sandbox.call import (
    Aborted,
    BodyStream,
    Call,
    from_bytes,
    hang_up,
    parse_query,
    reset,
    wait_closed,
)
from coredata_async.sandbox.disk import DiskError
from coredata_async.sandbox.faults import FALSE_MD5, Effect
from coredata_async.sandbox.routes import Router
from coredata_async.sandbox.service import Route, Service, admit
from coredata_async.sandbox.state import Seen, mask_headers, mask_target


@define(eq=False, repr=False)
class Exchange:
    """Handler of requests; aiohttp calls an instance."""

    service: Service
    router: Router
    _running: set[asyncio.Task[object]] = field(factory=set[asyncio.Task[object]])

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, and keep its task while it is served."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("served outside of a task")
        self._running.add(task)
        try:
            return await self._serve(request)
        except (Aborted, ConnectionError, web.RequestPayloadError):
            # The client has disconnected, or was disconnected, so the response of aiohttp is discarded.
            reset(request)
            return web.Response()
        finally:
            self._running.discard(task)

    async def aclose(self) -> None:
        """End every request in flight: a stalled or late one would keep the server open."""
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        call = Call(request, "unknown", path, parse_query(query), ())
        status, at = 0, time.monotonic()
        try:
            answer = apply_faults(call, await self._answer(call, query))
            status = answer.status
        finally:
            self._log(call, status, at)
        return await send_answer(call, answer)

    async def _answer(self, call: Call, query: str) -> Answer:
        try:
            route = await self._find_route(call, query)
        except Refused as refusal:
            self._count(call)
            return refusal.answer
        self._count(call)
        return await self._handle(call, route)

    async def _find_route(self, call: Call, query: str) -> Route:
        """Return the route of an authenticated request, or refuse it."""
        route, call.ids = self.router.find(call.request.method, call.path, query)
        call.operation = route.operation
        if not admit(self.service.keys, route.auth, call.headers.get("Authorization", "")):
            raise Refused(UNAUTHORIZED)
        if route.classify is not None:
            call.operation = await route.classify(call)
        return route

    async def _handle(self, call: Call, route: Route) -> Answer:
        """Run the handler, or what the faults require instead of it."""
        if not _is_control(call):
            call.effect = self.service.faults.trigger(call.operation)
        effect = call.effect
        if effect.delay:
            await asyncio.sleep(effect.delay)
        if effect.reset_before:
            raise Aborted
        if effect.answer is not None and not effect.done:
            return effect.answer
        try:
            answer = await route.handler(self.service, call)
        except Refused as refusal:
            answer = refusal.answer
        except DiskError as exc:  # the client gives up at once, because another attempt would not help
            answer = refuse(f"The sandbox cannot keep the bytes in its directory: {exc}.", 507).answer
        if effect.reset_after or effect.commit_late is not None:
            raise Aborted
        return effect.answer or answer

    def _count(self, call: Call) -> None:
        if not _is_control(call):
            self.service.state.counts[call.operation] += 1

    def _log(self, call: Call, status: int, at: float) -> None:
        if _is_control(call):
            return
        request = call.request
        target = mask_target(request.raw_path)
        seen = Seen(
            operation=call.operation,
            method=request.method,
            target=target,
            headers=mask_headers(request.headers),
            status=status,
            body_bytes=call.received,
            at=at,
            remote=request.remote or "",
        )
        self.service.state.requests.append(seen)


def _is_control(call: Call) -> bool:
    """Return whether a call is for the sandbox itself: no fault affects it, so that faults can be cleared."""
    return call.operation.startswith("sandbox.")


def apply_faults(call: Call, answer: Answer) -> Answer:
    """Apply the faults that change the JSON of a response; others act elsewhere."""
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
    if isinstance(answer.body, bytes) and not _is_faulty_stream(call):
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    body = (
        answer.body
        if isinstance(answer.body, Streamed)
        else Streamed(len(answer.body), from_bytes(answer.body))
    )
    try:
        return await _stream(call, answer, body)
    finally:
        body.close()


def _is_faulty_stream(call: Call) -> bool:
    effect = call.effect
    faulty_body = not call.has_body and (effect.stall is not None or effect.corrupt is not None)
    return faulty_body or effect.truncate is not None or effect.rate is not None


async def _stream(call: Call, answer: Answer, body: Streamed) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = body.length
    await response.prepare(call.request)
    call.request.writer.send_headers()  # so that a body cut at byte 0 is a cut body
    if call.request.method == "HEAD":
        return response
    effect = call.effect
    in_request = call.has_body  # `stall` and `corrupt` then apply to the body of the request
    flow = BodyStream(
        body.read,
        hold=lambda: wait_closed(call.request),
        cut=effect.truncate,
        stall=None if in_request else effect.stall,
        rate=effect.rate,
        corrupt=None if in_request else effect.corrupt,
    )
    try:
        async for piece in flow:
            await response.write(piece)
    except Aborted:
        # Closed, not reset: the bytes sent before the cut must arrive.
        hang_up(call.request)
    return response
