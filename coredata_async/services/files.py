"""Service of files: their metadata with the usual verbs, and their content."""

from __future__ import annotations

from collections.abc import Sequence

from coredata_async.call import perform
from coredata_async.collection import deleter, getter, lister, make_updater
from coredata_async.config import Limits
from coredata_async.ids import Id, id_of
from coredata_async.message import Send
from coredata_async.resources.files import FILES, EditFile, File, is_complete, merge_edit
from coredata_async.services.steps import UploadSteps
from coredata_async.storage.sources import Source
from coredata_async.storage.spool import SpoolMode
from coredata_async.transfer.downloads import Download
from coredata_async.transfer.fetch import DownloadRequest, Fetcher
from coredata_async.transfer.outcomes import OnProgress, Replaced, Uploaded
from coredata_async.transfer.ranges import span_of
from coredata_async.transfer.replace import Replacement, Replacer
from coredata_async.transfer.upload_many import Sources, Uploads
from coredata_async.transfer.uploads import Upload, Uploader, Via
from coredata_async.wire import calls
from coredata_async.wire.files import register, update_metadata
from coredata_async.wire.resource import segment


class Files:
    """The files of a tenant: their metadata with the usual verbs, and their content."""

    def __init__(self, send: Send, uploader: Uploader, fetcher: Fetcher, limits: Limits) -> None:
        self._send = send
        self._uploader = uploader
        self._fetcher = fetcher
        self._limits = limits
        self.list = lister(send, FILES)
        self.get = getter(send, FILES)
        self.update = make_updater(
            "files.update",
            EditFile,
            self._update,
            "Change a file's metadata. One request if `filename`, `title` and `parent` are given;\n"
            "otherwise two, because the service requires these three, and missing ones are read first.",
            FILES.proof("update"),
        )
        self.delete = deleter(send, FILES)

    @property
    def steps(self) -> UploadSteps:
        """The steps of an upload, one by one, for programs that keep its state themselves."""
        return UploadSteps(self._uploader)

    async def upload(
        self,
        source: Source,
        *,
        parent: Id,
        filename: str | None = None,
        title: str | None = None,
        content_type: str | None = None,
        size: int | None = None,
        spool: SpoolMode = "auto",
        dynatype: str | None = None,
        contacts: Sequence[Id] = (),
        tags: Sequence[str] = (),
        via: Via = "storage",
        verify: bool = True,
        progress: OnProgress | None = None,
    ) -> Uploaded:
        """Upload a source as a new File.

        Sends three requests: reserve (v3 blob), PUT to the signed URL, register (v2 files). Buffers a few
        blocks of 1 MiB, regardless of the file size. An expired URL is reserved again and the bytes are
        resent. The register request is never repeated blindly: if its response is lost, the File is looked up
        by its blob name, for up to `Retry.settle` seconds. With `via="api"` the bytes are sent in one
        request.

        Args:
            source: A path, bytes, a binary file, or an (async) iterable of bytes.
            parent: Id of a Project, Folder or Filespace, or the object itself.
            filename: Defaults to the name of the path or file.
            title: Display title. Defaults to the file name without its suffix.
            content_type: Defaults to the type for the suffix of the file name.
            size: Length in bytes. Without it, a stream is spooled before the first request, because the
                service requires the length; with it, a stream is sent while it is read.
            spool: `"auto"` keeps the bytes of streams that can be read only once (web request bodies,
                generators, pipes), so that they can be sent again after a failure: up to 1 MiB in memory,
                everything in a temporary file if there is more. A stream of known size that needs more than
                half of the free disk space is not kept. `True` keeps those, and streams that could be opened
                again. `False` keeps nothing and needs `size`: a failure after the first byte is a
                `SourceNotReplayableError`. Paths, bytes and seekable files need no spool.
            dynatype: Name of a dynatype; the server's default is `File`.
            contacts: Ids, or the contacts themselves; they need a dynatype other than `File`.
            tags: Tags without commas.
            via: `storage`, or `api` for servers whose storage cannot be reached from here.
            verify: Compare the digest with the File's, unless the storage's ETag has confirmed it;
                see `Uploaded.verified`.
            progress: Called at each stage and after each block; a coroutine is awaited.

        Raises:
            SourceError: If the source cannot be read, yields more or fewer bytes than `size`, or cannot be
                spooled; `SourceChangedError` if it changed while it was read.
            SourceNotReplayableError: If it had to be sent again and was not kept.
            StorageError: If the storage refused, or failed after all retries.
            ChecksumMismatchError: If the stored bytes differ from the bytes sent.
            APIError: If the service refused to reserve, or to register; the File does not exist.
            RegistrationUncertainError: If it is unknown whether the File was created.

        See: https://docs.wise.is/cored/files-v2
        """
        wanted = Upload(
            source=source,
            parent=parent,
            filename=filename,
            title=title,
            content_type=content_type,
            size=size,
            spool=spool,
            dynatype=dynatype,
            contacts=contacts,
            tags=tags,
        )
        return await self._uploader.upload(wanted, via=via, verify=verify, progress=progress)

    def upload_many(
        self,
        sources: Sources,
        *,
        parent: Id | None = None,
        concurrency: int | None = None,
        dynatype: str | None = None,
        contacts: Sequence[Id] = (),
        tags: Sequence[str] = (),
        spool: SpoolMode = "auto",
        via: Via = "storage",
        verify: bool = True,
        progress: OnProgress | None = None,
    ) -> Uploads:
        """Upload many sources concurrently; outcomes are yielded in the order of completion.

        `async with client.files.upload_many(…) as outcomes: async for outcome in outcomes: …` yields an
        `Uploaded`, `Failed` or `Unknown` for every source; errors of single uploads are never raised. Memory
        does not grow with the number of sources. Leaving the block early cancels the uploads in flight.

        Args:
            sources: Any iterable, or async iterable, of sources or of `Upload`s with their own options.
            parent: Parent of all sources that do not name another.
            concurrency: Maximum number of files in flight; defaults to `Limits.concurrency`.
            dynatype: As for `upload`, for all sources that are not an `Upload`.
            contacts: As for `dynatype`.
            tags: As for `dynatype`.
            spool: As for `dynatype`.
            via: As for `upload`.
            verify: As for `upload`.
            progress: As for `upload`; `Progress.name` identifies the source.
        """
        if parent is not None:
            segment(parent, "parent")
        return Uploads(
            self._uploader,
            sources,
            Upload(source=b"", parent=parent, dynatype=dynatype, contacts=contacts, tags=tags, spool=spool),
            workers=self._limits.concurrency if concurrency is None else concurrency,
            via=via,
            verify=verify,
            progress=progress,
        )

    async def replace(
        self,
        id: Id,  # noqa: A002  # the service's own name
        source: Source,
        *,
        snapshot_id: str | None = None,
        filename: str | None = None,
        content_type: str | None = None,
        size: int | None = None,
        spool: SpoolMode = "auto",
        via: Via = "storage",
        verify: bool = True,
        progress: OnProgress | None = None,
    ) -> Replaced:
        """Replace the content of a File.

        Sends three requests, or one with `via="api"`. The digest that the server reports is compared with
        that of the bytes sent. Without a lock, a retry after a lost response may create two versions with the
        same bytes; with one, at most one is created.

        Args:
            id: Id of the File.
            source: As for `upload`.
            snapshot_id: Snapshot id of the version to replace. If the File has changed since, nothing is
                written.
            filename: Its suffix replaces the stored one, if it differs.
            content_type: As for `upload`.
            size: As for `upload`.
            spool: As for `upload`.
            via: As for `upload`.
            verify: Request the File's digest if the response does not contain it.
            progress: As for `upload`.

        Raises:
            StaleSnapshotError: If another writer changed the File since `snapshot_id` was read.
            ChecksumMismatchError: If the stored bytes differ from the bytes sent.
            OutcomeUnknownError: If it is unknown whether the content was replaced.

        See: https://docs.wise.is/cored/files-v2 — the response to a stale snapshot is not documented, so it
        is detected by reading the File again.
        """
        id = id_of(id)  # noqa: A001
        segment(id)
        if snapshot_id is not None:
            segment(snapshot_id, "snapshot_id")  # an empty one would not be a lock
        content = Upload(source=source, filename=filename, content_type=content_type, size=size, spool=spool)
        wanted = Replacement(file_id=id, content=content, snapshot_id=snapshot_id, via=via)
        return await Replacer(self._uploader).replace(wanted, verify=verify, progress=progress)

    def download(
        self,
        id: Id,  # noqa: A002  # the service's own name
        *,
        offset: int = 0,
        length: int | None = None,
        range: str | None = None,  # noqa: A002  # the header's own name
        if_range: str | None = None,
        if_none_match: str | None = None,
        digest: str | None = None,
        verify: bool = True,
    ) -> Download:
        """Fetch a File's content: `async with client.files.download(id) as body: await body.save("out.pdf")`.

        Sends two requests: the service returns a signed URL, and the storage, which never receives the key,
        the bytes; a third one reads the File's digest, if the storage's ETag is not an MD5. Safe to repeat.

        Args:
            id: Id of the File.
            offset: First byte to fetch. Beyond the end of the File it is an error, unless the File is empty.
            length: Number of bytes to fetch; by default all that follow.
            range: Range header of a web request, instead of offset and length; None if it has none. Never an
                error: see `Download.response_status` and `Download.response_headers`.
            if_range: If-Range header of the web request.
            if_none_match: If-None-Match header of the web request.
            digest: Expected MD5 of the whole, for instance from a listing; by default that of the storage or
                of the File.
            verify: Compare the MD5 of the received bytes, unless only a part is fetched.

        See: https://docs.wise.is/cored/files-v2, "Download File content"
        """
        segment(id := id_of(id))  # noqa: A001
        wanted = DownloadRequest(file_id=id, span=span_of(offset, length), digest=digest, verify=verify)
        return Download(self._fetcher, wanted.under(range, if_range, if_none_match))

    async def create(
        self,
        *,
        blob_name: str,
        filename: str,
        title: str,
        parent: Id,
        dynatype: str | None = None,
        contacts: Sequence[Id] = (),
        tags: Sequence[str] = (),
    ) -> str:
        """Register a stored blob as a File, and return its id. Sends one request.

        For callers of `blobs.reserve`. Repeated only if it provably was not carried out: twice is two Files.

        Raises:
            OutcomeUnknownError: If it is unknown whether the File was created; search for the blob name.

        See: https://docs.wise.is/cored/files-v2, "Create File"
        """
        segment(blob_name, "blob_name")
        wanted = Upload(
            source=b"",
            filename=filename,
            title=title,
            parent=parent,
            dynatype=dynatype,
            contacts=contacts,
            tags=tags,
        )
        return await perform(self._send, register(wanted.new(), blob_name))

    async def move(self, id: Id, *, parent: Id) -> None:  # noqa: A002
        """Move a File to another parent; its content and id stay. Sends two requests; safe to repeat.

        Args:
            id: Id of the File.
            parent: Id of the Project, Folder or Filespace to move it to.

        See: https://docs.wise.is/cored/files-v2, "Update File metadata"
        """
        await self._update(id, EditFile(parent=parent))

    async def _update(self, id: Id, edit: EditFile) -> None:  # noqa: A002
        now: File | None = None
        if not is_complete(edit):
            now = await perform(self._send, calls.get(FILES, id))
        await perform(self._send, update_metadata(id, merge_edit(now, edit)))
