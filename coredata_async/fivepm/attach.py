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
"""Factor for the response timeout: one request carries all the bytes, so its response comes late."""


@frozen(kw_only=True)
class Attachment:
    """File to attach, with the facts that its source does not contain."""

    source: Source = field(repr=label)
    name: str | None = None
    """Defaults to the name of the path or file."""
    size: int | None = None
    """Length in bytes. With the encoding `multipart`, a stream of known size is spooled while it is sent."""

    def file_name(self) -> str:
        """Return the file name.

        Raises:
            ConfigurationError: If the source has none.
        """
        name = self.name if self.name is not None else name_of(self.source)
        if not name:
            raise ConfigurationError(
                f"{label(self.source)} has no name of its own; pass Attachment(source=…, name=…)"
            )
        return name


def attachments(files: Iterable[Source | Attachment] | Source | Attachment) -> tuple[Attachment, ...]:
    """Return the files as attachments.

    Raises:
        ConfigurationError: If the list is empty, or a file has no name.
        TypeError: If a single source is given instead of a list.
    """
    if isinstance(files, str | bytes | bytearray | memoryview | Attachment) or hasattr(files, "read"):
        raise TypeError("attach expects a list of files: [file]")
    if not isinstance(files, Iterable):
        raise TypeError(f"attach expects a list of files, not a {type(files).__name__}")
    found: list[Attachment] = []
    given = cast("Iterable[Source | Attachment]", files)  # type: ignore[redundant-cast]  # pyright wants it
    for each in given:
        one = each if isinstance(each, Attachment) else Attachment(source=each)
        found.append(evolve(one, name=one.file_name()))
    if not found:
        raise ConfigurationError("the list of files to attach is empty")
    return tuple(found)


@frozen
class FileEncoding:
    """Encoding of files, and the factor for the response timeout."""

    encoder: Encoder
    names: FileNames


@asynccontextmanager
async def with_files(
    request: Request, files: Sequence[Attachment], how: FileEncoding
) -> AsyncGenerator[Request, None]:
    """Yield the request with the files in its body; the files are open meanwhile.

    Raises:
        SourceError: If a file does not exist or cannot be read.
        SourceChangedError: While the body is sent, if a file has changed since it was opened.
    """
    fields = request.body if isinstance(request.body, bytes) else b""
    async with AsyncExitStack() as stack:
        enclosed: list[EncodableFile] = []
        for number, each in enumerate(files, 1):
            # Only a multipart body is built without reading the source before.
            size = each.size if how.encoder is multipart_form else None
            source = await stack.enter_async_context(prepare(each.source, size))
            enclosed.append(EncodableFile(each.file_name(), source.body, how.names(number)))
        encoded = await how.encoder(fields, enclosed)
        headers = {**request.headers, "Content-Type": encoded.content_type}
        yield evolve(request, headers=headers, body=encoded.body, patience=_PATIENCE)
