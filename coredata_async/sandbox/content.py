"""Bytes of a File: their URL, and their replacement (facts 2.2, rows 3 and 6)."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from uuid import uuid4

import attrs

from coredata_async.sandbox.answer import Answer, Refused, empty, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.faults import FALSE_MD5
from coredata_async.sandbox.files import FILES, mime_type, stat_blob
from coredata_async.sandbox.service import Route, Service


async def fetch(service: Service, call: Call) -> Answer:
    """Redirect with 302 to an absolute signed URL, on the tenant's own host (facts 6, trap 2)."""
    fields = FILES.find(service.state, call.ids[0]).fields
    url = service.bucket.presign_get(
        str(fields["blob_name"]), str(fields["filename"]), str(fields["mime_type"])
    )
    return empty(302, {"Location": url})


async def replace(service: Service, call: Call) -> Answer:
    """Give a File new content, from the body or from a blob: 201, although no new File is created."""
    file = _check_snapshot(service, call)
    blob, size, md5 = await (
        _take_blob(service, call) if "blob_name" in call.query else _take_body(service, call)
    )
    try:
        await call.commit()
        # The lock is checked again, because another client may have been faster while the body arrived.
        file = _check_snapshot(service, call)
    except Refused:
        if "blob_name" not in call.query:
            await service.bucket.delete(blob)
        raise
    content = {"blob_name": blob, "size": size, "digest": md5, **_rename(file, call.query.get("filename"))}
    after = attrs.evolve(
        file,
        version=file.version + 1,
        fields={**file.fields, **content},
        indexed=file.indexed or call.sync,
    )
    changed = service.state.change(after)
    headers = {
        "X-Coredata-fields-filedigest": FALSE_MD5 if call.effect.wrong_digest else md5,
        "X-Coredata-fields-snapshot-id": changed.snapshot_id,
    }
    return empty(201, headers)


def _check_snapshot(service: Service, call: Call) -> Document:
    """Return the File, or refuse a request that saw an older state of it.

    The status of the real service is not documented (facts 6, trap 11); 409 is the most likely.
    """
    file = FILES.find(service.state, call.ids[0])
    expected = call.query.get("snapshot_id")
    if expected and expected != file.snapshot_id:
        raise refuse(f"The document has changed: its snapshot_id is not {expected!r}.", 409)
    return file


async def _take_blob(service: Service, call: Call) -> tuple[str, int, str]:
    blob, digest = call.query["blob_name"], call.query.get("digest")
    if not digest:
        raise refuse("blob_name requires digest.")
    size, md5 = await stat_blob(service, blob)
    if digest.lower() != md5:
        raise refuse(f"digest: the MD5 of blob {blob!r} is different.")
    return blob, size, md5


async def _take_body(service: Service, call: Call) -> tuple[str, int, str]:
    # An empty body makes an empty File: the page's own example truncates a File this way (facts 6, trap 4).
    call.expect_type("application/octet-stream")
    blob = uuid4().hex
    size, md5 = await service.bucket.store(blob, call.body())
    return blob, size, md5


def _rename(file: Document, filename: str | None) -> Mapping[str, object]:
    """Keep the file's name, and take the extension of the new one if it differs (facts 2.2, row 6)."""
    before = PurePosixPath(str(file.fields["filename"]))
    suffix = PurePosixPath(filename or "").suffix
    if not suffix or suffix == before.suffix:
        return {}
    after = before.stem + suffix
    return {"filename": after, "mime_type": mime_type(after)}


ROUTES = (
    Route("GET", "/api/v2/files/{}/content/", "files.content", fetch),
    Route("PUT", "/api/v2/files/{}/content/", "files.replace", replace),
)
