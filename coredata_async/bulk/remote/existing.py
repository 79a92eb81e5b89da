"""What is done about a File that has the name of one of ours already."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from attrs import evolve, frozen

from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.journal.work import RemoteFile
from coredata_async.bulk.options import Existing
from coredata_async.bulk.states import Reason
from coredata_async.call import perform
from coredata_async.errors import NotFoundError, SourceChangedError
from coredata_async.message import Send
from coredata_async.resources.files import FILES
from coredata_async.storage.bodies import md5_of_file
from coredata_async.storage.paths import Fingerprint, stat_file, unreadable
from coredata_async.wire import calls


@frozen
class Upload:
    """It becomes a File of its own."""


@frozen
class Skip:
    """It is not uploaded."""

    reason: Reason
    file: str
    md5: str = ""
    duplicates: tuple[str, ...] = ()
    """All Files that are the same, if there are several."""


@frozen
class Conflict:
    """It is not uploaded, and a person has to say what is right."""

    message: str
    reason: Reason = Reason.EXISTS


@frozen
class Replace:
    """It becomes the content of a File that is there."""

    file: str
    snapshot: str | None


Decision = Upload | Skip | Conflict | Replace


@frozen
class ConflictResolver:
    """Decides by the rule that was chosen; hashes a file only if size and name are those of a File."""

    api: Send
    rule: Existing

    async def decide(self, item: Item, namesakes: Sequence[RemoteFile]) -> Decision:
        """Return what to do with a file, given the Files of its name.

        Raises:
            APIError: The service had to be asked, and did not say.
            SourceError: The file cannot be read, or changed meanwhile.
        """
        if not namesakes:
            return Upload()
        match self.rule:
            case "skip":
                return Skip(Reason.EXISTS, namesakes[0].file)
            case "error":
                return Conflict(f"File {namesakes[0].file} has this name already")
            case "skip-same" | "version":
                return await self._compare(item, namesakes)
            case _:
                assert_never(self.rule)

    async def _compare(self, item: Item, namesakes: Sequence[RemoteFile]) -> Decision:
        now = [await self._with_details(each, item) for each in namesakes]
        there = [each for each in now if each is not None]
        alike = [each for each in there if each.size in {None, item.fingerprint.size}]
        md5 = await digest_of(item.path, item.fingerprint) if alike else ""
        same = [each.file for each in alike if each.digest == md5]
        if same:
            return Skip(Reason.SAME, same[-1], md5, tuple(same) if len(same) > 1 else ())
        unclear = [each.file for each in alike if not each.digest]
        if unclear:
            return Conflict(
                f"the server does not say the digest of File {unclear[0]}, so whether it is the same cannot "
                "be told; choose another way with --existing",
                Reason.UNCERTAIN,
            )
        return _version(there) if self.rule == "version" and there else Upload()

    async def _with_details(self, namesake: RemoteFile, item: Item) -> RemoteFile | None:
        """The File as it is now, where that matters; `None` if it has gone."""
        told = namesake.digest and namesake.size is not None
        if self.rule == "skip-same" and (told or namesake.size not in {None, item.fingerprint.size}):
            return namesake
        try:
            file = await perform(self.api, calls.get(FILES, namesake.file))
        except NotFoundError:
            return None
        return evolve(
            namesake,
            size=file.size,
            digest=(file.digest or "").lower() or None,
            snapshot=file.snapshot_id or None,
        )


async def digest_of(path: bytes, was: Fingerprint) -> str:
    """MD5 of a file, read in a thread.

    Raises:
        SourceError: It cannot be read, or is not what it was when it was looked at.
    """
    return await asyncio.to_thread(_digest, Path(os.fsdecode(path)), was)


def _digest(path: Path, was: Fingerprint) -> str:
    try:
        digest = md5_of_file(path)
    except OSError as exc:
        raise unreadable(path, exc) from None
    if stat_file(path) != was:
        raise SourceChangedError(f"{path} changed while it was read", stage="source", total=was.size)
    return digest


def _version(namesakes: Sequence[RemoteFile]) -> Decision:
    if len(namesakes) > 1:
        names = ", ".join(each.file for each in namesakes)
        return Conflict(
            f"{len(namesakes)} Files have this name ({names}), and one new version cannot be of all"
        )
    return Replace(namesakes[0].file, namesakes[0].snapshot)
