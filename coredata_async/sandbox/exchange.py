"""Processing of one request: routing, authentication, faults, handler, response, log."""

import asyncio

from aiohttp import web
from attrs import define, field

from coredata_async.sandbox.answer import UNAUTHORIZED, Answer, Refused
from coredata_async.sandbox.auth import admit
from coredata_async.sandbox.call import Call, parse_query
from coredata_async.sandbox.connection import Aborted, reset
from coredata_async.sandbox.request_log import Seen, mask_headers, mask_target
from coredata_async.sandbox.responses import apply_faults, send_answer
from coredata_async.sandbox.routes import Router
from coredata_async.sandbox.service import Route, Service


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
        status = 0
        try:
            answer = apply_faults(call, await self._answer(call, query))
            status = answer.status
        finally:
            self._log(call, status)
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
        if effect.reset_after or effect.commit_late is not None:
            raise Aborted
        return effect.answer or answer

    def _count(self, call: Call) -> None:
        if not _is_control(call):
            self.service.state.counts[call.operation] += 1

    def _log(self, call: Call, status: int) -> None:
        if _is_control(call):
            return
        request = call.request
        target = mask_target(request.raw_path)
        seen = Seen(
            call.operation, request.method, target, mask_headers(request.headers), status, call.received
        )
        self.service.state.requests.append(seen)


def _is_control(call: Call) -> bool:
    """Return whether it is an endpoint of the sandbox itself.

    Faults must not affect it, so that they can be cleared.
    """
    return call.operation.startswith("sandbox.")
