"""How strict the storage is: what is signed, what is enforced, what may be sent again."""

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
"""Seconds for which it is worth to wait until a URL expires."""


async def content_type(place: ScratchFolder) -> Answer:
    """Return whether another Content-Type than the declared one is refused."""
    put = await place.put(place.data(), headers={"Content-Type": "application/x-other"})
    if put.stored:
        return note(f"no: another is taken, {put.description}", "What was declared is sent all the same.")
    return ok(f"yes: another is refused, {put.description}", "Exactly what was declared is sent.")


async def no_content_type(place: ScratchFolder) -> Answer:
    """Return whether a PUT may go without a Content-Type, declared or not."""
    undeclared = await place.put(place.data(), content_type=None)
    declared = await place.put(place.data(), headers={})
    said = f"none declared: {undeclared.description}; one declared: {declared.description}"
    if undeclared.stored:
        return ok(said, "Files of no known type can be sent without one.")
    return note(said, "Files of no known type need one declared: application/octet-stream.")


async def content_md5(place: ScratchFolder) -> Answer:
    """Return whether the storage would check a digest that is sent along."""
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
    """Return whether `content_length` is enforced."""
    data = place.data()
    longer = await place.put(data, declared=len(data) - 1)
    shorter = await place.put(data, declared=len(data) + 1)
    said = f"longer: {longer.description}; shorter: {shorter.description}"
    if longer.stored or shorter.stored:
        return note(said, "A File that grows while it is sent is found out here, not there.")
    return ok(f"yes; {said}", "What has another length than was declared is not stored.")


async def empty(place: ScratchFolder) -> Answer:
    """Return whether an empty file can be uploaded."""
    put = await place.put(b"")
    if not put.stored:
        return risk(f"no: {put.description}", "Empty files fail.")
    name = f"{place.title} empty"
    reply = await place.register(put.blob, filename=f"{name}.txt", title=name)
    size = (await place.detail(place.id_of(put.blob, reply))).get("size")
    if size:
        return risk(f"yes, with a size of {size!r}", "An empty file would be taken for a broken one.")
    return ok("yes", "" if size == 0 else "Its size is not shown.")


async def again(place: ScratchFolder) -> Answer:
    """Return whether the same bytes may go to the same URL again, as after a connection that broke."""
    blob, url = await place.reserve(len(data := place.data()))
    first, second = [Put(blob, await place.send_bytes(url, data, {"Content-Type": PLAIN})) for _ in range(2)]
    if first.stored and second.stored:
        return ok(f"yes: {second.description}", "A PUT that broke off is sent again to the same URL.")
    return risk(
        f"first {first.description}, then {second.description}", "A PUT that broke off needs a new URL."
    )


async def check_expired_url(place: ScratchFolder) -> Answer:
    """Return what an expired URL is answered, if that can be waited for."""
    blob, url = await place.reserve(len(data := place.data()))
    until = expiry(url)
    if until is None:
        return unknown("the URL does not say when it expires")
    wait = await _seconds_until(place, until)
    if wait > AWAITED:
        return unknown(f"not waited for: {wait:.0f} s", "A refusal that speaks of it gets a new URL.")
    await place.target.sleep(max(0.0, wait) + 1.0)
    put = Put(blob, await place.send_bytes(url, data, {"Content-Type": PLAIN}))
    if put.stored:
        return note(f"it is still good: {put.description}", "Its lifetime is not enforced to the second.")
    if refusal(put.reply).expired:
        return ok(f"refused: {put.description}", "It is understood, and a new URL is asked for.")
    return risk(
        f"refused: {put.description}", "It is not understood: such files fail and go into the second pass."
    )


async def _seconds_until(place: ScratchFolder, until: datetime) -> float:
    """Seconds until then, by the service's clock."""
    now = date_of(await place.target.get("/api/v2/user/"))
    return until.timestamp() - (place.target.clock() if now is None else now)


async def storage_clock(place: ScratchFolder) -> Answer:
    """Return whether storage and service, whose clocks make and judge signed URLs, agree on the time."""
    put = await place.put(place.data())
    there, here = date_of(put.reply), date_of(await place.target.get("/api/v2/user/"))
    if there is None or here is None:
        return unknown("one of them does not tell the time")
    if abs(there - here) < 5:  # noqa: PLR2004
        return ok("they agree", "Signed URLs are good for as long as they say.")
    said = f"the storage is {abs(there - here):.0f} s {'ahead' if there > here else 'behind'}"
    return risk(said, "Signed URLs are good for another time than they say: tell the operator.")


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


STORAGE: Final[Sequence[Question[ScratchFolder]]] = (
    Question("content-type", "Is Content-Type signed?", content_type),
    Question("no-content-type", "May a PUT go without a Content-Type?", no_content_type),
    Question("content-md5", "Is Content-MD5 allowed?", content_md5),
    Question("content-length", "Is content_length enforced?", length),
    Question("empty", "Can an empty file be uploaded?", empty),
    Question("put-again", "May the same PUT be sent again?", again),
    Question("expired", "What is an expired URL answered?", check_expired_url),
    Question("storage-clock", "Do service and storage agree on the time?", storage_clock),
)
