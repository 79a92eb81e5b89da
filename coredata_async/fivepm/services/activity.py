"""Service for activities, and for the files attached to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http import HTTPStatus

from attrs import evolve, frozen

from coredata_async.errors import APIStatusError, OutcomeUnknownError
from coredata_async.fivepm import calls
from coredata_async.fivepm.download import Download
from coredata_async.fivepm.envelope import Wrapping, open_download
from coredata_async.fivepm.files import Attachment, FileEncoding, attachments, with_files
from coredata_async.fivepm.listing import Listing
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.activity import (
    Activity,
    ActivityFilter,
    EditActivity,
    File,
    FileFilter,
    NewActivity,
)
from coredata_async.fivepm.replies import perform
from coredata_async.fivepm.request_style import RequestStyle, key
from coredata_async.fivepm.services.objects import (
    ListPart,
    ObjectService,
    adding,
    fetching_all,
    filters_only,
    listing,
    updating,
)
from coredata_async.ids import Id
from coredata_async.message import Send
from coredata_async.storage.sources import Source
from coredata_async.unset import UNSET, Unset

_WRONG_ROUTE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


@frozen(kw_only=True)
class ActivityListOptions(ListPart, ActivityFilter):
    """Filters of `ActivityFilter`, and the requested part of the list."""

    with_files: bool | Unset = UNSET
    """True to include the files of each."""
    with_names: bool | Unset = UNSET
    """True to include the names of the project and the task of each."""


class Activities(ObjectService[Activity]):
    """Activities posted to projects and tasks: messages, progress notes, and files.

    `add` and `update` return the activity after the change. They, and `attach`, are retried only if they
    provably were not carried out; otherwise they raise `OutcomeUnknownError`. `list` returns a `Listing`.
    """

    def __init__(
        self,
        send: Send,
        files: Send,
        form: RequestStyle,
        enclosure: FileEncoding,
        open_files: asyncio.Semaphore,
    ) -> None:
        super().__init__(send, form, calls.activity)
        self._files_send = files
        self._enclosure = enclosure
        self._open_files = open_files
        self.add = adding(NewActivity, self._add, "Post an activity and return it: one request.")
        self.update = updating(EditActivity, self._update, "Change an activity and return it: one request.")
        self.list = listing(ActivityListOptions, self._list, "List the matching activities.")
        self.files = fetching_all(FileFilter, self._files, "List the matching files: one response.")

    async def attach(self, id: Id, files: Iterable[Source | Attachment]) -> None:  # noqa: A002
        """Attach files to an activity: one request that carries all of them.

        The encoding of the bytes is not documented: see the option `files` of `FivePM`. Memory: a few blocks,
        regardless of the size. The service returns no ids: `files` lists the attached files afterwards.

        Args:
            id: Id of the activity.
            files: Paths, bytes, binary files, (async) iterables of bytes, or `Attachment`s.

        Raises:
            SourceError: If a file cannot be read, or changed while it was read; no complete request was sent.
            OutcomeUnknownError: If it is unknown whether the request was carried out.
        """
        wanted = attachments(files)
        call = calls.attach_files(self._form, id)
        async with (
            self._open_files,
            with_files(call.request, wanted, self._enclosure) as request,
        ):
            await perform(self._send, evolve(call, request=request))

    async def remove_file(self, id: Id) -> None:  # noqa: A002
        """Remove an attached file: one request. A way to restore it is not documented.

        Raises:
            NotFoundError: If it does not exist.
        """
        wrong: list[APIStatusError] = []
        for route in (None, *METHODS["activity.removeFile"].fallbacks):
            try:
                return await perform(self._send, calls.remove_file(self._form, id, route=route))
            except (APIStatusError, OutcomeUnknownError) as exc:
                # 405 proves nothing, but a second removal by id does no harm.
                said = exc.__cause__ if isinstance(exc, OutcomeUnknownError) else exc
                if not isinstance(said, APIStatusError) or said.status not in _WRONG_ROUTE:
                    raise
                wrong.append(said)
        # If both verbs are wrong, 404 says more than 405.
        raise max(wrong, key=lambda each: each.status != HTTPStatus.METHOD_NOT_ALLOWED)

    def download(self, id: Id, *, wrapping: Wrapping = "auto") -> Download:  # noqa: A002
        """Return the content of an attached file, for `async with`.

        Args:
            id: Id of the file.
            wrapping: `raw` for bytes as they are, `envelope` for base64 inside a response: not documented.
                `auto` inspects the response, and treats a web page without a file name as an error.

        Raises:
            NotFoundError: On entering, if the file does not exist.
        """
        id = key(id)  # noqa: A001
        send = self._files_send if wrapping == "raw" else self._send
        return Download(lambda: open_download(send, self._form, id, wrapping))

    async def _files(self, where: FileFilter) -> tuple[File, ...]:
        return tuple((await perform(self._send, calls.files(self._form, where))).items)

    def _list(self, wanted: ActivityListOptions) -> Listing[Activity]:
        where = filters_only(wanted, ActivityFilter)
        return self._list_pages(where, wanted, with_files=wanted.with_files, with_names=wanted.with_names)
