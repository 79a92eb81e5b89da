"""A web service over CoreData with FastAPI: `uvicorn web_fastapi:app`."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response, UploadFile
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from coredata_async import CoreData, CoreDataError, Download, Limits, Progress
from coredata_async.web import ASGIDownload, check_length, limit_body, problem_of

MAXIMUM = 5 << 30
log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, object]]:
    async with CoreData.from_env(limits=Limits(uploads=16)) as client:  # one for all requests
        yield {"client": client, "uploads": {}}


app = FastAPI(lifespan=lifespan)


@app.exception_handler(CoreDataError)
async def answer_error(request: Request, error: CoreDataError) -> JSONResponse:
    problem = problem_of(error)
    log.warning("%s %s: %s", request.method, request.url.path, error)
    return JSONResponse(problem.to_dict(), problem.status, problem.headers, "application/problem+json")


def connect(request: Request) -> CoreData:
    client: CoreData = request.state.client
    return client


Client = Annotated[CoreData, Depends(connect)]


class DownloadResponse(Response):
    """Passes a download on, and cancels it when the client has disconnected."""

    def __init__(self, download: Download) -> None:
        super().__init__()
        self.answer = ASGIDownload(download)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answer(scope, receive, send)


@app.api_route("/files/{file_id}", methods=["GET", "HEAD"])
async def download(file_id: str, request: Request, client: Client) -> DownloadResponse:
    header = request.headers.get
    return DownloadResponse(
        client.files.download(
            file_id,
            range=header("range"),
            if_range=header("if-range"),
            if_none_match=header("if-none-match"),
        )
    )


@app.put("/folders/{parent}/{filename}", status_code=201)
async def upload(parent: str, filename: str, request: Request, client: Client) -> dict[str, object]:
    """Store the request's body while it comes in; the header X-Upload names it for `report_progress`."""
    size = check_length(request.headers.get("content-length"), MAXIMUM)
    name, uploads = request.headers.get("x-upload", ""), request.state.uploads
    try:
        stored = await client.files.upload(
            limit_body(request.stream(), MAXIMUM),
            parent=parent,
            filename=filename,
            size=size,
            progress=lambda progress: uploads.__setitem__(name, progress),
        )
    finally:
        uploads.pop(name, None)
    return {"id": stored.file_id, "size": stored.size}


def limit_form(request: Request) -> None:
    check_length(request.headers.get("content-length"), MAXIMUM)


@app.post("/folders/{parent}", status_code=201, dependencies=[Depends(limit_form)])
async def upload_form(parent: str, file: UploadFile, client: Client) -> dict[str, object]:
    """Store a file of a form, which FastAPI has written to a temporary file."""
    stored = await client.files.upload(file, parent=parent)
    return {"id": stored.file_id, "size": stored.size}


@app.get("/uploads/{name}")
async def report_progress(name: str, request: Request) -> StreamingResponse:
    """Report the progress of an upload, as server-sent events, until it ends."""
    uploads: dict[str, Progress] = request.state.uploads

    async def events() -> AsyncIterator[str]:
        while (found := uploads.get(name)) is not None:
            yield f"data: {json.dumps({'stage': found.stage, 'sent': found.sent, 'total': found.total})}\n\n"
            await asyncio.sleep(0.2)
        yield "event: end\ndata: {}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
