"""Questions about the storage: signed headers, enforced values, and repeated requests."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from coredata_async.doctor.finding import Answer, Question, note, ok, risk, unknown
from coredata_async.doctor.scratch import PLAIN, Put, ScratchFolder
from coredata_async.doctor.target import date_of
from coredata_async.storage.dialects import expiry, refusal

AWAITED: Final = 5.0
"""Maximum number of seconds to wait for the expiry of a URL."""


async def content_type(place: ScratchFolder) -> Answer:
    """Report whether a Content-Type other than the declared one is refused."""
    put = await place.put(place.data(), headers={"Content-Type": "application/x-other"})
    if put.stored:
        return note(f"no: another one is accepted, {put.description}", "The declared one is sent anyway.")
    return ok(f"yes: another one is refused, {put.description}", "Exactly the declared one is sent.")


async def no_content_type(place: ScratchFolder) -> Answer:
    """Report whether a PUT is accepted without a Content-Type, declared or not."""
    undeclared = await place.put(place.data(), content_type=None)
    declared = await place.put(place.data(), headers={})
    said = f"none declared: {undeclared.description}; one declared: {declared.description}"
    if undeclared.stored:
        return ok(said, "Files of unknown type can be sent without one.")
    return note(said, "Files of unknown type need a declared one: application/octet-stream.")


async def content_md5(place: ScratchFolder) -> Answer:
    """Report whether the storage checks a digest in the request."""
    data = place.data()
    put = await place.put(data, headers={"Content-Type": PLAIN, "Content-MD5": _md5(data)})
    if not put.stored:
        return ok(f"no: {put.description}", "It would have to be signed. The ETag is compared instead.")
    wrong = await place.put(place.data(), headers={"Content-Type": PLAIN, "Content-MD5": _md5(data)})
    if wrong.stored:
        return note("it is ignored", "The ETag is compared instead.")
    return ok(
        f"yes, and a wrong one is refused: {wrong.description}", "It is not used; the ETag is compared."
    )


async def length(place: ScratchFolder) -> Answer:
    """Report whether `content_length` is enforced."""
    data = place.data()
    longer = await place.put(data, declared=len(data) - 1)
    shorter = await place.put(data, declared=len(data) + 1)
    said = f"longer: {longer.description}; shorter: {shorter.description}"
    if longer.stored or shorter.stored:
        return note(said, "A File that grows while it is sent is detected by the client, not by the storage.")
    return ok(f"yes; {said}", "A body of another length than the declared one is not stored.")


async def empty(place: ScratchFolder) -> Answer:
    """Report whether an empty file can be uploaded."""
    put = await place.put(b"")
    if not put.stored:
        return risk(f"no: {put.description}", "Empty files fail.")
    name = f"{place.title} empty"
    reply = await place.register(put.blob, filename=f"{name}.txt", title=name)
    size = (await place.detail(place.id_of(put.blob, reply))).get("size")
    if size:
        return risk(f"yes, with a size of {size!r}", "An empty file would be reported as corrupt.")
    return ok("yes", "" if size == 0 else "Its size is not shown.")


async def again(place: ScratchFolder) -> Answer:
    """Report whether the same bytes can be sent to the same URL again, as after a broken connection."""
    blob, url = await place.reserve(len(data := place.data()))
    first, second = [Put(blob, await place.send_bytes(url, data, {"Content-Type": PLAIN})) for _ in range(2)]
    if first.stored and second.stored:
        return ok(f"yes: {second.description}", "An interrupted PUT is sent again to the same URL.")
    return risk(
        f"first {first.description}, then {second.description}", "An interrupted PUT needs a new URL."
    )


async def check_expired_url(place: ScratchFolder) -> Answer:
    """Report the response to an expired URL, if the wait is short enough."""
    blob, url = await place.reserve(len(data := place.data()))
    until = expiry(url)
    if until is None:
        return unknown("the URL does not state when it expires")
    wait = await _seconds_until(place, until)
    if wait > AWAITED:
        return unknown(
            f"not tested, because the wait would be {wait:.0f} s",
            "A refusal that names the expiry leads to a new URL.",
        )
    await place.target.sleep(max(0.0, wait) + 1.0)
    put = Put(blob, await place.send_bytes(url, data, {"Content-Type": PLAIN}))
    if put.stored:
        return note(f"it is still valid: {put.description}", "Its lifetime is not enforced to the second.")
    if refusal(put.reply).expired:
        return ok(f"refused: {put.description}", "It is recognised, and a new URL is requested.")
    return risk(
        f"refused: {put.description}",
        "It is not recognised: such files fail and are retried in the retry pass.",
    )


async def _seconds_until(place: ScratchFolder, until: datetime) -> float:
    """Return the seconds until a time, by the service's clock."""
    now = date_of(await place.target.get("/api/v2/user/"))
    return until.timestamp() - (place.target.clock() if now is None else now)


async def storage_clock(place: ScratchFolder) -> Answer:
    """Report whether storage and service agree on the time: their clocks create and check signed URLs."""
    put = await place.put(place.data())
    there, here = date_of(put.reply), date_of(await place.target.get("/api/v2/user/"))
    if there is None or here is None:
        return unknown("one of them does not send the time")
    if abs(there - here) < 5:  # noqa: PLR2004
        return ok("they agree", "Signed URLs are valid for the stated time.")
    said = f"the storage is {abs(there - here):.0f} s {'ahead' if there > here else 'behind'}"
    return risk(said, "Signed URLs are not valid for the stated time: inform the operator.")


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


STORAGE: Final[Sequence[Question[ScratchFolder]]] = (
    Question("content-type", "Is Content-Type signed?", content_type),
    Question("no-content-type", "Is a PUT accepted without a Content-Type?", no_content_type),
    Question("content-md5", "Is Content-MD5 allowed?", content_md5),
    Question("content-length", "Is content_length enforced?", length),
    Question("empty", "Can an empty file be uploaded?", empty),
    Question("put-again", "Can the same PUT be sent again?", again),
    Question("expired", "What is the response to an expired URL?", check_expired_url),
    Question("storage-clock", "Do service and storage agree on the time?", storage_clock),
)
