"""What is done about a File that has the name of one of ours already."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from attrs import evolve, frozen

from coredata_async.bulk.options import Existing
from coredata_async.bulk.rows import Item
from coredata_async.bulk.states import Why
from coredata_async.bulk.work import Twin
from coredata_async.call import perform
from coredata_async.errors import NotFoundError, SourceChangedError
from coredata_async.message import Send
from coredata_async.resources.files import FILES
from coredata_async.storage.bodies import md5_of_file
from coredata_async.storage.paths import Print, look, unreadable
from coredata_async.wire import calls


@frozen
class Upload:
    """It becomes a File of its own."""


@frozen
class Leave:
    """It is not uploaded."""

    why: Why
    file: str
    md5: str = ""
    twice: tuple[str, ...] = ()
    """All Files that are the same, if there are several."""


@frozen
class Refuse:
    """It is not uploaded, and a person has to say what is right."""

    words: str
    why: Why = Why.EXISTS


@frozen
class Replace:
    """It becomes the content of a File that is there."""

    file: str
    snapshot: str | None


Decision = Upload | Leave | Refuse | Replace


@frozen
class Decider:
    """Decides by the rule that was chosen; hashes a file only if size and name are those of a File."""

    api: Send
    rule: Existing

    async def decide(self, item: Item, twins: Sequence[Twin]) -> Decision:
        """What to do with a file, given the Files of its name.

        Raises:
            APIError: The service had to be asked, and did not say.
            SourceError: The file cannot be read, or changed meanwhile.
        """
        if not twins:
            return Upload()
        match self.rule:
            case "skip":
                return Leave(Why.EXISTS, twins[0].file)
            case "error":
                return Refuse(f"File {twins[0].file} has this name already")
            case "skip-same" | "version":
                return await self._compared(item, twins)
            case _:
                assert_never(self.rule)

    async def _compared(self, item: Item, twins: Sequence[Twin]) -> Decision:
        now = [await self._known(each, item) for each in twins]
        there = [each for each in now if each is not None]
        alike = [each for each in there if each.size in {None, item.print.size}]
        md5 = await digest_of(item.path, item.print) if alike else ""
        same = [each.file for each in alike if each.digest == md5]
        if same:
            return Leave(Why.SAME, same[-1], md5, tuple(same) if len(same) > 1 else ())
        unclear = [each.file for each in alike if not each.digest]
        if unclear:
            return Refuse(
                f"the server does not say the digest of File {unclear[0]}, so whether it is the same cannot "
                "be told; choose another way with --existing",
                Why.UNCERTAIN,
            )
        return _version(there) if self.rule == "version" and there else Upload()

    async def _known(self, twin: Twin, item: Item) -> Twin | None:
        """The File as it is now, where that matters; `None` if it has gone."""
        told = twin.digest and twin.size is not None
        if self.rule == "skip-same" and (told or twin.size not in {None, item.print.size}):
            return twin
        try:
            file = await perform(self.api, calls.get(FILES, twin.file))
        except NotFoundError:
            return None
        return evolve(
            twin,
            size=file.size,
            digest=(file.digest or "").lower() or None,
            snapshot=file.snapshot_id or None,
        )


async def digest_of(path: bytes, was: Print) -> str:
    """MD5 of a file, read in a thread.

    Raises:
        SourceError: It cannot be read, or is not what it was when it was looked at.
    """
    return await asyncio.to_thread(_digest, Path(os.fsdecode(path)), was)


def _digest(path: Path, was: Print) -> str:
    try:
        digest = md5_of_file(path)
    except OSError as exc:
        raise unreadable(path, exc) from None
    if look(path) != was:
        raise SourceChangedError(f"{path} changed while it was read", stage="source", total=was.size)
    return digest


def _version(there: Sequence[Twin]) -> Decision:
    if len(there) > 1:
        names = ", ".join(each.file for each in there)
        return Refuse(f"{len(there)} Files have this name ({names}), and one new version cannot be of all")
    return Replace(there[0].file, there[0].snapshot)
