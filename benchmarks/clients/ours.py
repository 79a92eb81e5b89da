"""This library, with everything on: retries, timeouts, digests compared with the storage's, typed results."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.clients.client import Upload
from benchmarks.served import PARENT, Where
from coredata_async import CoreData, Failed, Unknown


def client_for(where: Where, **options: Any) -> CoreData:
    """Return a client for a running server."""
    return CoreData(where.api, api_user="u", api_key="k", ssl=where.trust, **options)


def has_switch() -> bool:
    """Return whether this version has an option for the transport."""
    return "transport" in inspect.signature(CoreData.__init__).parameters


async def upload(client: CoreData, paths: Sequence[Path], width: int) -> None:
    """Upload all files by one `upload_many`."""
    async with client.files.upload_many(paths, parent=PARENT, concurrency=width) as outcomes:
        async for outcome in outcomes:
            if isinstance(outcome, Failed | Unknown):
                raise outcome.error


@asynccontextmanager
async def connect(where: Where) -> AsyncGenerator[Upload, None]:
    """Open a client with its default transport."""
    async with client_for(where) as client:
        yield partial(upload, client)


@asynccontextmanager
async def connect_with_aiohttp(where: Where) -> AsyncGenerator[Upload, None]:
    """Open a client with the aiohttp transport."""
    options = {"transport": "aiohttp"} if has_switch() else {}
    async with client_for(where, **options) as client:
        yield partial(upload, client)
