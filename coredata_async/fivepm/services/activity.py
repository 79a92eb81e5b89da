"""What a client does with activities, and with the files attached to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from operator import attrgetter

from attrs import evolve, field, frozen

from coredata_async.errors import APIStatusError, OutcomeUnknownError
from coredata_async.fivepm.attach import Attachment, FileEncoding, attachments, with_files
from coredata_async.fivepm.calls import activity as calls
from coredata_async.fivepm.download import Download
from coredata_async.fivepm.envelope import open_download
from coredata_async.fivepm.listing import Listing, Page
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.activity import Activity, ActivityFilter, EditActivity, NewActivity
from coredata_async.fivepm.models.file import File, FileFilter
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle, key
from coredata_async.fivepm.services.paging import filters_only, in_range
from coredata_async.fivepm.services.verbs import adding, fetching_all, listing, updating
from coredata_async.fivepm.sniff import Wrapping
from coredata_async.ids import Id
from coredata_async.message import Send
from coredata_async.storage.sources import Source
from coredata_async.unset import UNSET, Unset

_WRONG_ROUTE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


@frozen(kw_only=True)
class ActivitiesWanted(ActivityFilter):
    """Which activities to list, and how: the filters of `ActivityFilter`, and which part."""

    with_files: bool | Unset = UNSET
    """Whether each comes with its files."""
    with_names: bool | Unset = UNSET
    """Whether each comes with the names of its project and task."""
    page_size: int | None = field(default=100, validator=in_range(1))
    """Objects per page; `None` is the server's own idea. It may give fewer, or more."""
    offset: int = field(default=0, validator=in_range(0))
    """Where to begin. Whether the first one is 0 or 1 is not documented."""


class Activities:
    """What is posted to projects and tasks: messages, progress notes, and files.

    `add` and `update` give the activity as it is afterwards. They, and `attach`, are repeated only if they
    provably were not carried out; otherwise `OutcomeUnknownError` says so. `list` gives a `Listing`.
    """

    def __init__(
        self,
        send: Send,
        files: Send,
        form: RequestStyle,
        enclosure: FileEncoding,
        open_files: asyncio.Semaphore,
    ) -> None:
        self._send = send
        self._files_send = files
        self._form = form
        self._enclosure = enclosure
        self._open_files = open_files
        self.add = adding(NewActivity, self._add, "Post an activity and return it: one exchange.")
        self.update = updating(EditActivity, self._update, "Change an activity and return it: one exchange.")
        self.list = listing(ActivitiesWanted, self._list, "List the activities that match.")
        self.files = fetching_all(FileFilter, self._files, "List the files that match: one answer.")

    async def get(self, id: Id) -> Activity:  # noqa: A002  # the service's own name
        """Read one activity: one exchange, repeat-safe.

        Raises:
            NotFoundError: There is none with this id, or it is hidden from this user.
        """
        return await perform(self._send, calls.get(self._form, id))

    async def remove(self, id: Id) -> None:  # noqa: A002
        """Remove an activity: one exchange. No way back is documented, nor what becomes of its files.

        Raises:
            NotFoundError: There is none with this id.
        """
        await perform(self._send, calls.remove(self._form, id))

    async def attach(self, id: Id, files: Iterable[Source | Attachment]) -> None:  # noqa: A002
        """Attach files to an activity: one exchange that carries them all.

        How their bytes travel is not documented: see the option `files` of `FivePM`. Memory: a few blocks,
        whatever the size. The service gives no ids: `files` lists what there is afterwards.

        Args:
            id: Of the activity.
            files: Paths, bytes, binary files, (async) iterables of bytes, or `Attachment`s.

        Raises:
            SourceError: A file cannot be read, or changed while it was; nothing, or nothing whole, was sent.
            OutcomeUnknownError: It may or may not have been carried out.
        """
        wanted = attachments(files)
        call = calls.attach_files(self._form, id)
        async with (
            self._open_files,
            with_files(call.request, wanted, self._enclosure) as request,
        ):
            await perform(self._send, evolve(call, request=request))

    async def remove_file(self, id: Id) -> None:  # noqa: A002
        """Remove an attached file: one exchange. No way back is documented.

        Raises:
            NotFoundError: There is none with this id.
        """
        wrong: list[APIStatusError] = []
        for route in (None, *METHODS["activity.removeFile"].fallbacks):
            try:
                return await perform(self._send, calls.remove_file(self._form, id, route=route))
            except (APIStatusError, OutcomeUnknownError) as exc:
                # 405 proves nothing; but to remove by id what is removed already does no harm.
                said = exc.__cause__ if isinstance(exc, OutcomeUnknownError) else exc
                if not isinstance(said, APIStatusError) or said.status not in _WRONG_ROUTE:
                    raise
                wrong.append(said)
        # If both verbs are wrong, 404 says more than 405.
        raise max(wrong, key=lambda each: each.status != HTTPStatus.METHOD_NOT_ALLOWED)

    def download(self, id: Id, *, wrapping: Wrapping = "auto") -> Download:  # noqa: A002
        """The content of an attached file, for `async with`.

        Args:
            id: Of the file.
            wrapping: Whether the bytes come `raw`, or as base64 in an `envelope`: not documented. `auto`
                looks at what comes, and takes a web page without a file name for an error.

        Raises:
            NotFoundError: On entering: there is none with this id.
        """
        id = key(id)  # noqa: A001
        send = self._files_send if wrapping == "raw" else self._send
        return Download(lambda: open_download(send, self._form, id, wrapping))

    async def _add(self, new: NewActivity) -> Activity:
        return await perform(self._send, calls.add(self._form, new))

    async def _update(self, id: Id, edit: EditActivity) -> Activity:  # noqa: A002
        return await perform(self._send, calls.update(self._form, id, edit))

    async def _files(self, where: FileFilter) -> tuple[File, ...]:
        return tuple((await perform(self._send, calls.files(self._form, where))).items)

    def _list(self, wanted: ActivitiesWanted) -> Listing[Activity]:
        where = filters_only(wanted, ActivityFilter)

        async def fetch(offset: int, count: int | None) -> Page[Activity]:
            call = calls.list(
                self._form,
                where,
                with_files=wanted.with_files,
                with_names=wanted.with_names,
                offset=offset,
                count=count,
            )
            found = await perform(self._send, call)
            return Page(tuple(found.items), found.total, offset)

        return Listing(fetch, key=attrgetter("id"), offset=wanted.offset, page_size=wanted.page_size)
