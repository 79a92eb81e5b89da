"""Reservation of a blob: the only v3 call (facts 2.3)."""

from uuid import uuid4

from coredata_async.sandbox.answer import Answer, as_json, refuse
from coredata_async.sandbox.blob import Reservation
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Service


async def reserve(service: Service, call: Call) -> Answer:
    """Name a blob and sign the URL for its bytes. The parameters are in the query, the body is empty."""
    length = call.query.get("content_length", "")
    if not (length.isascii() and length.isdecimal()):
        raise refuse("content_length is required: the number of bytes.")
    content_type = call.query.get("content_type") or None
    await call.commit()
    blob = uuid4().hex
    service.state.reserved[blob] = Reservation(int(length), content_type)
    url = service.bucket.presign_put(blob, int(length), content_type)
    return as_json({"blobName": blob, "presignedUrl": url})


ROUTES = (Route("POST", "/api/v3/blob/presigned-upload-url/", "blobs.reserve", reserve, auth="v3"),)
