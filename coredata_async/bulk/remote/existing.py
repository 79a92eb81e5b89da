"""Decision about a file whose name a File in the remote folder has already."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from attrs import evolve, frozen

from coredata_async.bulk.journal.claims import RemoteFile
from coredata_async.bulk.journal.items import Item
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
    """Decision: upload the file as a new File."""


@frozen
class Skip:
    """Decision: do not upload the file."""

    reason: Reason
    file: str
    md5: str = ""
    duplicates: tuple[str, ...] = ()
    """Ids of all Files that are the same, if there are several."""


@frozen
class Conflict:
    """Decision: do not upload the file, because a person has to decide."""

    message: str
    reason: Reason = Reason.EXISTS


@frozen
class Replace:
    """Decision: replace the content of an existing File."""

    file: str
    snapshot: str | None


Decision = Upload | Skip | Conflict | Replace


@frozen
class ConflictResolver:
    """Resolver of name conflicts by the chosen rule. Hashes a file only if a File has its size and name."""

    api: Send
    rule: Existing

    async def decide(self, item: Item, namesakes: Sequence[RemoteFile]) -> Decision:
        """Return the decision about a file, given the Files of its name.

        Raises:
            APIError: If the details of a File are needed and cannot be read.
            SourceError: If the file cannot be read, or changed meanwhile.
        """
        if not namesakes:
            return Upload()
        if own := [namesake for namesake in namesakes if namesake.ours]:
            decision = await self._compare(item, own)
            if isinstance(decision, Skip) or (
                isinstance(decision, Conflict) and decision.reason is Reason.UNCERTAIN
            ):
                return decision
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
        current = [await self._with_details(namesake, item) for namesake in namesakes]
        existing = [file for file in current if file is not None]
        alike = [file for file in existing if file.size in {None, item.fingerprint.size}]
        md5 = await digest_of(item.path, item.fingerprint) if alike else ""
        same = [file.file for file in alike if file.digest == md5]
        if same:
            return Skip(Reason.SAME, same[-1], md5, tuple(same) if len(same) > 1 else ())
        unclear = [file.file for file in alike if not file.digest]
        if unclear:
            return Conflict(
                f"the server does not report the digest of File {unclear[0]}, so it is unknown whether it is "
                "the same; choose another rule with --existing",
                Reason.UNCERTAIN,
            )
        return _version(existing) if self.rule == "version" and existing else Upload()

    async def _with_details(self, namesake: RemoteFile, item: Item) -> RemoteFile | None:
        """Return the present state of the File if the rule needs it; `None` if the File no longer exists."""
        has_details = namesake.digest and namesake.size is not None
        if self.rule == "skip-same" and (has_details or namesake.size not in {None, item.fingerprint.size}):
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


async def digest_of(path: bytes, expected: Fingerprint) -> str:
    """Return the MD5 of a file, read in a thread.

    Raises:
        SourceError: If it cannot be read, or has changed since it was examined.
    """
    return await asyncio.to_thread(_digest, Path(os.fsdecode(path)), expected)


def _digest(path: Path, expected: Fingerprint) -> str:
    try:
        digest = md5_of_file(path)
    except OSError as exc:
        raise unreadable(path, exc) from None
    if stat_file(path) != expected:
        raise SourceChangedError(f"{path} changed while it was read", stage="source", total=expected.size)
    return digest


def _version(namesakes: Sequence[RemoteFile]) -> Decision:
    if len(namesakes) > 1:
        names = ", ".join(namesake.file for namesake in namesakes)
        return Conflict(
            f"{len(namesakes)} Files have this name ({names}), but only one can get a new version; "
            "delete or rename the others"
        )
    return Replace(namesakes[0].file, namesakes[0].snapshot)
