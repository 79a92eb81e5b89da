"""A web service over CoreData with Litestar: `uvicorn web_litestar:app`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from litestar import HttpMethod, Litestar, Request, Response, get, post, put, route
from litestar.datastructures import State, UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.types import ASGIApp

from coredata_async import CoreData, CoreDataError, Limits
from coredata_async.web import ASGIDownload, check_length, limit_body, problem_of

MAXIMUM = 5 << 30
log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    async with CoreData.from_env(limits=Limits(uploads=16)) as client:  # one for all requests
        app.state.client, app.state.uploads = client, {}
        yield


def answer_error(request: Request, error: CoreDataError) -> Response[dict[str, object]]:
    problem = problem_of(error)
    log.warning("%s %s: %s", request.method, request.url.path, error)
    return Response(
        problem.to_dict(),
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type="application/problem+json",
    )


@route("/files/{file_id:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def download(file_id: FromPath[str], request: Request, state: State) -> ASGIApp:
    header = request.headers.get
    return ASGIDownload(
        state.client.files.download(
            file_id,
            range=header("range"),
            if_range=header("if-range"),
            if_none_match=header("if-none-match"),
        )
    )


@put("/folders/{parent:str}/{filename:str}", status_code=201, request_max_body_size=None)
async def upload(
    parent: FromPath[str], filename: FromPath[str], request: Request, state: State
) -> dict[str, object]:
    """Store the request's body while it comes in; the header X-Upload names it for `report_progress`."""
    size = check_length(request.headers.get("content-length"), MAXIMUM)
    name, uploads = request.headers.get("x-upload", ""), state.uploads
    try:
        stored = await state.client.files.upload(
            limit_body(request.stream(), MAXIMUM),
            parent=parent,
            filename=filename,
            size=size,
            progress=lambda progress: uploads.__setitem__(name, progress),
        )
    finally:
        uploads.pop(name, None)
    return {"id": stored.file_id, "size": stored.size}


@post("/folders/{parent:str}", status_code=201, request_max_body_size=MAXIMUM)
async def upload_form(
    parent: FromPath[str],
    state: State,
    data: Annotated[UploadFile, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> dict[str, object]:
    """Store a file of a form, which Litestar has written to a temporary file."""
    stored = await state.client.files.upload(data, parent=parent)
    return {"id": stored.file_id, "size": stored.size}


@get("/uploads/{name:str}")
async def report_progress(name: FromPath[str], state: State) -> dict[str, object]:
    if (found := state.uploads.get(name)) is None:
        raise NotFoundException
    return {"stage": found.stage, "sent": found.sent, "total": found.total}


app = Litestar(
    route_handlers=[download, upload, upload_form, report_progress],
    lifespan=[lifespan],
    exception_handlers={CoreDataError: answer_error},
)
