"""Object store: reserved blobs, and their bytes at signed URLs; as strict as an S3 with Signature V2.

Source: https://docs.wise.is/cored/files-v3
"""

import hmac
import re
import secrets
from email.utils import formatdate
from uuid import uuid4
from xml.sax.saxutils import escape

from coredata_async.sandbox.answer import Answer, Refused, Streamed, as_json, is_whole, refuse
from coredata_async.sandbox.bucket import ROOT, Blob, LocalBucket, Reservation, sign, string_to_sign
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.disk import FileReader, open_range
from coredata_async.sandbox.faults import FALSE_MD5
from coredata_async.sandbox.service import Route, Service

_SIGNED = ("AWSAccessKeyId", "Expires", "Signature")
_ONE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


async def reserve(service: Service, call: Call) -> Answer:
    """Name a blob and sign the URL for its bytes. The parameters are in the query, the body is empty."""
    length = call.query.get("content_length", "")
    if not is_whole(length):
        raise refuse("content_length is required: the number of bytes.")
    content_type = call.query.get("content_type") or None
    await call.commit()
    blob = uuid4().hex
    service.state.reserved[blob] = Reservation(int(length), content_type)
    url = service.bucket.presign_put(blob, int(length), content_type)
    return as_json({"blobName": blob, "presignedUrl": url})


async def put(service: Service, call: Call) -> Answer:
    """Store a blob: 201 with an empty body and its MD5 as ETag (AWS documents 200)."""
    bucket = _bucket(service)
    _admit(bucket, call)
    _check_length(bucket, call)
    blob = call.ids[0]
    async with bucket.open_writer(blob) as writer:
        async for chunk in call.body():
            await writer.add(chunk)
        await call.commit()
        stored = await bucket.keep(blob, writer, call.headers.get("Content-Type", "binary/octet-stream"))
    return Answer(201, {"ETag": _etag(stored, call), "Content-Type": "text/plain"})


async def get(service: Service, call: Call) -> Answer:
    """Return a blob or a range of it (the storage advertises `Accept-Ranges: bytes`)."""
    bucket = _bucket(service)
    _admit(bucket, call)
    blob = bucket.blobs.get(call.ids[0])
    if blob is None:
        raise _error(404, "NoSuchKey", "The specified key does not exist.")
    headers = {
        "ETag": _etag(blob, call),
        "Last-Modified": formatdate(blob.stored, usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Type": call.query.get("response-content-type", blob.content_type),
    }
    if disposition := call.query.get("response-content-disposition"):
        headers["Content-Disposition"] = disposition.strip()
    if call.headers.get("If-Match", headers["ETag"]) not in (headers["ETag"], "*"):
        raise _error(412, "PreconditionFailed", "At least one of the preconditions did not hold.")
    if _has_it(call.headers.get("If-None-Match", ""), headers["ETag"]):
        return Answer(304, {name: headers[name] for name in ("ETag", "Last-Modified")})
    return await _answer_range(bucket, call, blob, headers)


def _has_it(header: str, etag: str) -> bool:
    """Return whether the client already has the blob; checked before the range, as S3 does."""
    return etag in (each.strip().removeprefix("W/") for each in header.split(","))


async def _answer_range(bucket: LocalBucket, call: Call, blob: Blob, headers: dict[str, str]) -> Answer:
    wanted = call.headers.get("Range", "")
    if call.headers.get("If-Range", headers["ETag"]) not in (headers["ETag"], headers["Last-Modified"]):
        wanted = ""  # the blob changed: the whole of it is sent
    span = parse_range(wanted, blob.size)
    if span is None:
        return await _send(bucket, blob, range(blob.size), Answer(200, headers))
    if not span:
        raise _error(
            416, "InvalidRange", "The range is not satisfiable.", {"Content-Range": f"bytes */{blob.size}"}
        )
    headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{blob.size}"
    return await _send(bucket, blob, span, Answer(206, headers))


async def _send(bucket: LocalBucket, blob: Blob, span: range, answer: Answer) -> Answer:
    found = await open_range(blob.path, span.start, len(span), bucket.workers)
    body = Streamed(len(span), found.read, found.close) if isinstance(found, FileReader) else found
    return Answer(answer.status, answer.headers, body)


def _bucket(service: Service) -> LocalBucket:
    """Return the built-in storage; refuse if another one was plugged in."""
    if not isinstance(service.bucket, LocalBucket):
        raise _error(404, "NoSuchBucket", "The bytes are stored elsewhere.")
    return service.bucket


def _admit(bucket: LocalBucket, call: Call) -> None:
    """Check the signed query as S3 does, or refuse."""
    query = call.query
    if "Authorization" in call.headers:
        raise _error(400, "InvalidArgument", "Only one auth mechanism allowed.")
    if any(not query.get(name) for name in _SIGNED) or not is_whole(query["Expires"]):
        raise _error(403, "AccessDenied", "Query-string authentication requires a signed URL.")
    if query["AWSAccessKeyId"] != bucket.key:
        raise _error(403, "InvalidAccessKeyId", "The access key id does not exist in our records.")
    if call.effect.expired or bucket.clock() >= int(query["Expires"]):
        raise _error(403, "AccessDenied", "Request has expired")
    due = sign(bucket.secret, string_to_sign(call.request.method, call.path, query, call.headers))
    if not hmac.compare_digest(due.encode(), query["Signature"].encode()):
        raise _error(
            403, "SignatureDoesNotMatch", "The signature does not match the request (Content-Type is signed)."
        )


def _check_length(bucket: LocalBucket, call: Call) -> None:
    """Require the length that was declared in the reservation, and no chunked encoding."""
    length = call.headers.get("Content-Length")
    if length is None or "Transfer-Encoding" in call.headers:
        raise _error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    reservation = bucket.reserved.get(call.ids[0])
    declared = reservation.content_length if reservation else int(length)
    if int(length) == 0 and bucket.refuses_empty == "put":
        raise _error(400, "MissingRequestBodyError", "Request body is empty.")
    if int(length) > declared:
        raise _error(400, "EntityTooLarge", f"{declared} bytes were declared, {length} are offered.")
    if int(length) < declared:
        raise _error(400, "IncompleteBody", f"{declared} bytes were declared, {length} are offered.")


def _etag(blob: Blob, call: Call) -> str:
    return f'"{FALSE_MD5 if call.effect.wrong_digest else blob.md5}"'


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Refused:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>"
        f"<RequestId>{secrets.token_hex(8).upper()}</RequestId></Error>"
    )
    return Refused(Answer(status, {"Content-Type": "application/xml", **(headers or {})}, body.encode()))


def parse_range(header: str, size: int) -> range | None:
    """Return the requested bytes: None means all (no range, or an unknown form), empty means 416.

    Several ranges at once are answered with the whole, as S3 does.
    """
    match = _ONE.fullmatch(header.strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    start, stop = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < int(first):
        return None
    return range(start, stop)


ROUTES = (
    Route("PUT", f"{ROOT}/{{}}", "storage.put", put, auth="none"),
    Route("GET", f"{ROOT}/{{}}", "storage.get", get, auth="none"),
    Route("HEAD", f"{ROOT}/{{}}", "storage.get", get, auth="none"),
    Route("POST", "/api/v3/blob/presigned-upload-url/", "blobs.reserve", reserve, auth="v3"),
)
