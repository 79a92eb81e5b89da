"""A web service over CoreData with aiohttp.web: `python web_aiohttp.py`."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import BodyPartReader, web

from coredata_async import CoreData, CoreDataError, Limits, Progress
from coredata_async.web import check_length, limit_body, problem_of

MAXIMUM = 5 << 30
CLIENT = web.AppKey("client", CoreData)
STARTED = web.RequestKey("started", bool)
PROGRESS = web.AppKey("progress", dict[str, Progress])
log = logging.getLogger(__name__)
routes = web.RouteTableDef()


async def connect(app: web.Application) -> AsyncIterator[None]:
    async with CoreData.from_env(limits=Limits(uploads=16)) as client:  # one for all requests
        app[CLIENT] = client
        yield


@web.middleware
async def answer_error(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except CoreDataError as error:
        log.warning("%s %s: %s", request.method, request.path, error)
        if request.get(STARTED):  # it can only end too early
            raise
        problem = problem_of(error)
        return web.json_response(
            problem.to_dict(),
            status=problem.status,
            headers=problem.headers,
            content_type="application/problem+json",
        )


@routes.get("/files/{file_id}")
async def download(request: web.Request) -> web.StreamResponse:
    header = request.headers.get
    async with request.app[CLIENT].files.download(
        request.match_info["file_id"],
        range=header("Range"),
        if_range=header("If-Range"),
        if_none_match=header("If-None-Match"),
    ) as body:
        response = web.StreamResponse(status=body.response_status, headers=body.response_headers())
        await response.prepare(request)
        request[STARTED] = True
        if request.method != "HEAD":
            async for block in body:
                await response.write(block)
        await response.write_eof()
        return response


@routes.put("/folders/{parent}/{filename}")
async def upload(request: web.Request) -> web.Response:
    """Store the request's body while it comes in; the header X-Upload names it for `progress`."""
    size = check_length(request.headers.get("Content-Length"), MAXIMUM)
    name, uploads = request.headers.get("X-Upload", ""), request.app[PROGRESS]
    try:
        stored = await request.app[CLIENT].files.upload(
            limit_body(request.content.iter_any(), MAXIMUM),
            parent=request.match_info["parent"],
            filename=request.match_info["filename"],
            size=size,
            progress=lambda progress: uploads.__setitem__(name, progress),
        )
    finally:
        uploads.pop(name, None)
    return web.json_response({"id": stored.file_id, "size": stored.size}, status=201)


@routes.get("/uploads/{name}")
async def progress(request: web.Request) -> web.Response:
    if (found := request.app[PROGRESS].get(request.match_info["name"])) is None:
        raise web.HTTPNotFound
    return web.json_response({"stage": found.stage, "sent": found.sent, "total": found.total})


@routes.post("/folders/{parent}")
async def upload_form(request: web.Request) -> web.Response:
    """Store the files of a form, one after the other, while they come in."""
    check_length(request.headers.get("Content-Length"), MAXIMUM)
    ids: list[str] = []
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.filename:
            stored = await request.app[CLIENT].files.upload(part, parent=request.match_info["parent"])
            ids.append(stored.file_id)
    return web.json_response({"ids": ids}, status=201)


def make_app() -> web.Application:
    app = web.Application(middlewares=[answer_error])
    app[PROGRESS] = {}
    app.cleanup_ctx.append(connect)
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    # Without handler_cancellation, a handler goes on after its client has disconnected.
    web.run_app(make_app(), handler_cancellation=True)
