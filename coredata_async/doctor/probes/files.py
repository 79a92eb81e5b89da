"""Questions about Files: fields and names, the lag of listings, and the effect of a second registration."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import Final

from coredata_async.doctor.finding import Answer, Question, note, ok, risk, unknown
from coredata_async.doctor.scratch import Sample, ScratchFolder
from coredata_async.doctor.target import Fields
from coredata_async.errors import APIStatusError, CoreDataError, TransferError
from coredata_async.storage.put_result import etag_md5
from coredata_async.transfer.fetch import DownloadRequest, Fetcher

WAITS: Final = (0.0, 0.1, 0.2, 0.5, 0.7, 1.0, 1.5, 2.0, 4.0)
"""Seconds between reads of a list: ten altogether."""
LENGTHS: Final = (255, 300)
ODD: Final = " a'b\"&=+%41#;,!$~()[]{}^`@ äöþ漢 \N{GRINNING FACE}"
"""A name that a disk may contain, and Windows may not."""


async def folders(place: ScratchFolder) -> Answer:
    """Report whether a Folder could be created; the scratch folder was opened before."""
    if place.folder is None:
        return note("no", f"Trees cannot be mirrored here. {place.unavailable_reason}")
    return ok("yes", "Trees are mirrored.")


async def upload(place: ScratchFolder) -> Answer:
    """Report whether an upload works at all; the other questions examine its File."""
    try:
        return await _check_upload(place)
    except (CoreDataError, ValueError) as exc:
        return risk("no", f"Nothing further can be tried out. {exc}")


async def _check_upload(place: ScratchFolder) -> Answer:
    data, name = place.data(), f"{place.title}.txt"
    put = await place.put(data)
    if not put.stored:
        return risk("no", f"The storage refuses the bytes: {put.description}.")
    reply = await place.register(put.blob, filename=name, title=place.title)
    file_id = place.id_of(put.blob, reply)
    detail = await place.detail(file_id)
    place.inside = str(detail.get("parent") or place.inside)
    listed, lag = await _find_in_list(place, place.title, file_id)
    place.sample = Sample(
        data=data, put=put, file_id=file_id, filename=name, detail=detail, listed=listed, lag=lag
    )
    return ok("yes", "Reserve, PUT, register: all three steps were carried out.")


async def _find_in_list(place: ScratchFolder, title: str, file_id: str) -> tuple[Fields | None, float]:
    """Return the File as a list shows it, and the seconds that it took."""
    waited = 0.0
    for wait in WAITS:
        waited += wait
        await place.target.sleep(wait)
        page = await place.list_titled(title)
        found = next((each for each in page.objects if each.get("id") == file_id), None)
        if found is not None:
            return found, waited
    return None, waited


def _sample(place: ScratchFolder) -> Sample:
    if place.sample is None:
        raise ValueError("the upload created no File to examine")
    return place.sample


async def listing_lag(place: ScratchFolder) -> Answer:
    """Report when a list shows a new File."""
    sample = _sample(place)
    if sample.listed is None:
        return risk(
            f"not within {sample.lag:.0f} s", "Lost responses may remain unresolved: Retry.probe_gap."
        )
    if sample.lag:
        said = f"after {sample.lag:.1f} s"
        return note(
            said, "Until then, a File that is missing from a list proves nothing; it is searched for twice."
        )
    return ok("at once", "Lists show new Files immediately.")


async def sync(place: ScratchFolder) -> Answer:
    """Report whether a write with `?sync=true` is listed at once."""
    if not _sample(place).lag:
        return unknown("it makes no difference", "Lists show new Files immediately in any case.")
    title = f"{place.title} sync"
    made = await place.make_file(filename=f"{title}.txt", title=title, sync=True)
    if any(each.get("id") == made for each in (await place.list_titled(title)).objects):
        return note("it waits for the lists", "It is not used: it has been seen in 2014 only.")
    return note("none", "A list lags behind with it, too.")


async def blob_name(place: ScratchFolder) -> Answer:
    """Report whether lists and details show the blob's name, which identifies a File with certainty."""
    sample = _sample(place)
    listed = sample.listed is not None and sample.listed.get("blob_name") == sample.put.blob
    detail = sample.detail.get("blob_name") == sample.put.blob
    if listed:
        return ok("in lists" + (" and details" if detail else ""), "Lost responses can be resolved.")
    if detail:
        return note(
            "in details only", "Lost responses can be resolved, by one further request per candidate."
        )
    return risk("nowhere", "Lost responses are resolved by digest and size, which duplicates have in common.")


async def digest(place: ScratchFolder) -> Answer:
    """Report whether digest and size are shown, and are those of the bytes."""
    sample = _sample(place)
    due = {"digest": _md5(sample.data), "size": len(sample.data)}
    shown = {"details": sample.detail, "lists": sample.listed or {}}
    wrong, missing = list[str](), list[str]()
    for where, fields in shown.items():
        for name, value in due.items():
            found = fields.get(name)
            if not found:  # null, "" and 0 occur in old samples
                missing.append(f"{name} in {where}")
            elif str(found).lower() != str(value):
                wrong.append(f"{name} in {where}")
    if wrong:
        return risk(f"wrong: {', '.join(wrong)}", "Correct uploads would be reported as corrupt.")
    if missing:
        return note(f"missing: {', '.join(missing)}", "A missing value counts as unknown, not as different.")
    return ok(
        "both, in lists and details",
        "An upload is compared with the digest and size that the server reports.",
    )


async def etag(place: ScratchFolder) -> Answer:
    """Report whether the storage confirms the bytes by their MD5."""
    sample = _sample(place)
    found = etag_md5(sample.put.reply.headers)
    if found is None:
        return note("no", "The bytes are verified by the File's digest instead.")
    if found != _md5(sample.data):
        return risk("it is not the MD5 of the bytes", "Every upload would fail with ChecksumMismatchError.")
    return ok("yes", "The bytes are verified as soon as they are stored.")


async def twice(place: ScratchFolder) -> Answer:
    """Report whether a blob can be registered a second time; the second File is deleted again."""
    sample = _sample(place)
    reply = await place.register(sample.put.blob, filename=sample.filename, title=f"{place.title} twice")
    if HTTPStatus.BAD_REQUEST <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        said = f"it is refused: {reply.status}"
        return ok(said, "Duplicates are impossible: a registration could be repeated without harm.")
    second = place.id_of(sample.put.blob, reply)
    if second == sample.file_id:
        return ok("the same File is returned again", "A registration could be repeated without harm.")
    words = "A File with a lost response is searched for, and never registered again blindly."
    if not await place.delete(second):
        return risk("a second File, which cannot be deleted", words)
    return note("a second File is created", f"{words} {await _first_file_intact(place)}")


async def _first_file_intact(place: ScratchFolder) -> str:
    """Report the state of the first File after the second one of the same blob was deleted."""
    sample = _sample(place)
    engine = place.target.engine
    fetcher = Fetcher(
        engine.api,
        engine.storage,
        engine.retry,
        asyncio.Semaphore(1),
        base_url=engine.tenant,
        sleep=place.target.sleep,
    )
    try:
        reply = await fetcher.open(DownloadRequest(file_id=sample.file_id, verify=False))
        data = reply.body
        if reply.content is not None:
            async with aclosing(reply.content) as content:
                data = b"".join([each async for each in content])
    except TransferError:
        return "After it was deleted, the first could not be downloaded: duplicates must never be deleted."
    if data != sample.data:
        return "After it was deleted, the first contained other bytes: duplicates must never be deleted."
    return "After it was deleted, the first was still intact."


async def orphans(place: ScratchFolder) -> Answer:
    """Report how long a blob without a File is kept: unknown, because a test would take days."""
    return unknown(
        "not known", "A job assumes that bytes are still there for `blob_life`, by default 12 hours."
    )


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


FILES_FIRST: Final[Sequence[Question[ScratchFolder]]] = (
    Question("folders", "Can Folders be created?", folders),
    Question("upload", "Does an upload work?", upload, vital=True),
    Question("etag", "Is the storage's ETag the MD5?", etag),
    Question("blob-name", "Where is blob_name shown?", blob_name),
    Question("digest", "Are digest and size shown?", digest),
    Question("listing-lag", "When does a list show a new File?", listing_lag),
    Question("sync", "What does ?sync=true do?", sync),
)
FILES_LAST: Final[Sequence[Question[ScratchFolder]]] = (
    Question("twice", "What does registering one blob twice do?", twice),
    Question("orphans", "How long is a blob without a File kept?", orphans),
)


async def titles(place: ScratchFolder) -> Answer:
    """Report whether titles are returned unchanged."""
    cases = {
        "spaces at both ends": f"  {place.title} spaces  ",
        "two spaces in a row": f"{place.title}  two",
        "decomposed letters (NFD)": f"{place.title} e\N{COMBINING ACUTE ACCENT}",
        "odd characters": f"{place.title}{ODD}",
    }
    changed = [case for case, title in cases.items() if await _title(place, title) != title]
    if not changed:
        return ok("unchanged", "A File can be searched for by its title.")
    words = "Titles are not a key here: Files are searched for by the beginning of the title, or one by one."
    return note(f"changed: {', '.join(changed)}", words)


async def long_titles(place: ScratchFolder) -> Answer:
    """Report the maximum length of a title."""
    said = [f"{length}: {await _title_result(place, length)}" for length in LENGTHS]
    kept = [each for each in said if each.endswith("kept")]
    words = "Names on disk have at most 255 bytes."
    return ok(", ".join(said), words) if len(kept) == len(said) else note(", ".join(said), words)


async def _title_result(place: ScratchFolder, length: int) -> str:
    title = f"{place.title} ".ljust(length, "x")
    try:
        found = await _title(place, title)
    except APIStatusError as exc:
        return f"refused with {exc.status}"
    return "kept" if found == title else f"cut to {len(str(found))}"


async def _title(place: ScratchFolder, title: str) -> object:
    made = await place.make_file(filename=f"{place.title} title {len(place.files)}.txt", title=title)
    return (await place.detail(made)).get("title")


async def filenames(place: ScratchFolder) -> Answer:
    """Report whether odd file names are returned unchanged."""
    filename = f"{place.title}{ODD}.txt"
    try:
        made = await place.make_file(filename=filename, title=f"{place.title} filename")
    except APIStatusError as exc:
        return risk(
            f"refused with {exc.status}", "Files with such names fail; --names=escape writes them as %XX."
        )
    found = (await place.detail(made)).get("filename")
    if found == filename:
        return ok("kept", "Names on disk and in CoreData are the same.")
    return note("changed", f"It became {found!r}: --names=escape keeps names distinct.")


NAMES: Final[Sequence[Question[ScratchFolder]]] = (
    Question("titles", "Are titles returned unchanged?", titles),
    Question("long-titles", "How long may a title be?", long_titles),
    Question("filenames", "Are odd file names returned unchanged?", filenames),
)
