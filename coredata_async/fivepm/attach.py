"""Files attached to an activity: opened, encoded and sent in one request."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast

from attrs import evolve, field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.fivepm.encoders import EncodableFile, Encoder, FileNames, multipart_form
from coredata_async.message import Request
from coredata_async.storage.sources import Source, label, name_of, prepare

_PATIENCE = 2.5
"""One request carries all the bytes, so its answer comes late."""


@frozen(kw_only=True)
class Attachment:
    """One file to attach, where its source alone does not say enough."""

    source: Source = field(repr=label)
    name: str | None = None
    """Defaults to the name of the path or file."""
    size: int | None = None
    """Length in bytes. With the encoding `multipart`, a stream of known size is spooled while it is sent."""

    def file_name(self) -> str:
        """The file name.

        Raises:
            ConfigurationError: If there is none.
        """
        name = self.name if self.name is not None else name_of(self.source)
        if not name:
            raise ConfigurationError(
                f"{label(self.source)} has no name of its own; pass Attachment(source=…, name=…)"
            )
        return name


def attachments(files: Iterable[Source | Attachment] | Source | Attachment) -> tuple[Attachment, ...]:
    """Return what was given, as attachments.

    Raises:
        ConfigurationError: There is none, or one has no name.
        TypeError: A single source came where a list was due.
    """
    if isinstance(files, str | bytes | bytearray | memoryview | Attachment) or hasattr(files, "read"):
        raise TypeError("attach takes a list of files: [file]")
    if not isinstance(files, Iterable):
        raise TypeError(f"attach takes a list of files, not a {type(files).__name__}")
    found: list[Attachment] = []
    given = cast("Iterable[Source | Attachment]", files)  # type: ignore[redundant-cast]  # pyright wants it
    for each in given:
        one = each if isinstance(each, Attachment) else Attachment(source=each)
        found.append(evolve(one, name=one.file_name()))
    if not found:
        raise ConfigurationError("there is nothing to attach")
    return tuple(found)


@frozen
class FileEncoding:
    """How files are sent."""

    encoder: Encoder
    names: FileNames


@asynccontextmanager
async def with_files(
    request: Request, files: Sequence[Attachment], how: FileEncoding
) -> AsyncGenerator[Request, None]:
    """The request with the files in its body; they are open meanwhile.

    Raises:
        SourceError: One is not there, or cannot be read.
        SourceChangedError: While it is sent: one has changed since it was opened.
    """
    fields = request.body if isinstance(request.body, bytes) else b""
    async with AsyncExitStack() as stack:
        enclosed: list[EncodableFile] = []
        for number, each in enumerate(files, 1):
            # Only a multipart body is made without reading the source before.
            size = each.size if how.encoder is multipart_form else None
            source = await stack.enter_async_context(prepare(each.source, size))
            enclosed.append(EncodableFile(each.file_name(), source.body, how.names(number)))
        encoded = await how.encoder(fields, enclosed)
        headers = {**request.headers, "Content-Type": encoded.content_type}
        yield evolve(request, headers=headers, body=encoded.body, patience=_PATIENCE)
