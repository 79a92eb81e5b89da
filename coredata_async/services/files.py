"""What a client does with files: the usual verbs and, by way of `Content`, what is done with their bytes."""

from __future__ import annotations

from collections.abc import Sequence

from coredata_async.call import perform
from coredata_async.collection import deleter, getter, lister, updating
from coredata_async.config import Limits
from coredata_async.errors import ConfigurationError
from coredata_async.ids import Id, id_of
from coredata_async.message import Send
from coredata_async.resources.files import FILES, EditFile, File
from coredata_async.services.content import FileContent
from coredata_async.transfer.fetch import Fetcher
from coredata_async.transfer.uploads import Upload, Uploader
from coredata_async.unset import UNSET
from coredata_async.wire import calls
from coredata_async.wire.files import comma_joined, register, update_metadata
from coredata_async.wire.lookups import segment


class Files(FileContent):
    """The files of a tenant: their metadata with the usual verbs, and their content."""

    def __init__(self, send: Send, uploader: Uploader, fetcher: Fetcher, limits: Limits) -> None:
        super().__init__(uploader, fetcher, limits)
        self._send = send
        self.list = lister(send, FILES)
        self.get = getter(send, FILES)
        self.update = updating(
            "files.update",
            EditFile,
            self._update,
            "Change a file's metadata. One request if `filename`, `title` and `parent` are given;\n"
            "otherwise two, because the service requires these three, and what is missing is read first.",
            FILES.proof("update"),
        )
        self.delete = deleter(send, FILES)

    async def create(
        self,
        *,
        blob_name: str,
        filename: str,
        title: str,
        parent: Id,
        dynatype: str | None = None,
        contacts: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> str:
        """Make a File of a blob that is stored already, and return its id: one exchange.

        For people who bring their own PUT, see `blobs.reserve`. It is not repeated unless it provably was
        not carried out: registering a blob twice makes two Files.

        Raises:
            OutcomeUnknownError: It may or may not have happened; look for the blob name.

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
        """Move a File under another Project, Folder or Filespace; its content and id stay. Two exchanges."""
        await self._update(id, EditFile(parent=parent))

    async def _update(self, id: Id, edit: EditFile) -> None:  # noqa: A002
        now: File | None = None
        if not _is_complete(edit):
            now = await perform(self._send, calls.get(FILES, id))
        await perform(self._send, update_metadata(id, _merge(now, edit)))


def _is_complete(edit: EditFile) -> bool:
    """Check if nothing of the File has to be read: all mandatory fields are given."""
    given = UNSET not in (edit.filename, edit.title, edit.parent)
    return given and (edit.contacts is UNSET or edit.dynatype is not UNSET)


def _merge(now: File | None, edit: EditFile) -> dict[str, str]:
    """Return the fields to send: the three mandatory ones, and what else was given.

    A read object cannot be sent back as it is: tags are a list when read, and one string when written.
    """
    fields = {
        name: getattr(now, name) if (given := getattr(edit, name)) is UNSET else given
        for name in ("filename", "title", "parent")
    }
    fields["parent"] = id_of(fields["parent"], "parent")
    segment(fields["parent"], "parent")
    if edit.dynatype is not UNSET:
        fields["dynatype"] = edit.dynatype
    if edit.tags is not UNSET:
        fields["tags"] = comma_joined("tags", edit.tags or ())
    if edit.contacts is not UNSET:
        known = now.dynatype if now else None
        dynatype = fields.get("dynatype") or (known.title if known else "")
        if edit.contacts and dynatype in {"", "File"}:
            raise ConfigurationError(
                "contacts need another dynatype than 'File': the server would drop them without a word"
            )
        fields["contacts"] = comma_joined("contacts", edit.contacts or ())
        if dynatype:
            fields["dynatype"] = dynatype
    return fields
