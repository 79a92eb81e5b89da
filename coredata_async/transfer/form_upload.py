"""Upload of a source in one request to the service, for servers whose storage cannot be reached."""

from __future__ import annotations

import logging
import secrets

from coredata_async.call import Call, perform
from coredata_async.errors import OutcomeUnknownError, RegistrationUncertainError
from coredata_async.message import Body, Send
from coredata_async.storage.bodies import Streamed, WrappedBody
from coredata_async.storage.sources import PreparedSource
from coredata_async.transfer.outcomes import Uploaded
from coredata_async.transfer.uploads import SourceLease
from coredata_async.wire.files import NewFile, form_around, upload_whole

log = logging.getLogger("coredata_async.upload")


async def upload_form(send: Send, lease: SourceLease, new: NewFile, content_type: str) -> Uploaded:
    """Create a File from names and bytes in one form. Sends one request, which is never repeated blindly.

    Raises:
        RegistrationUncertainError: If it is unknown whether the File was created.
        SourceError: If the source cannot be read.
        APIError: If the service refused; the File does not exist.
    """
    outcome: Uploaded | RegistrationUncertainError | None = None
    try:
        async with lease as (source, reporter):
            body, form_type = _form(new, source, content_type)
            await reporter.add(0)
            outcome = await _create(send, upload_whole(body, form_type), lease, new, source)
    except Exception as exc:
        if outcome is None:
            raise
        log.warning("the source of an upload could not be closed: %s", type(exc).__name__)
    if isinstance(outcome, RegistrationUncertainError):
        raise outcome
    return outcome


async def _create(
    send: Send, call: Call[str], lease: SourceLease, new: NewFile, source: PreparedSource
) -> Uploaded | RegistrationUncertainError:
    """Send the whole form; return the File, or the error if it is unknown whether it was created."""
    try:
        file_id = await perform(send, call)
    except OutcomeUnknownError as exc:
        error = RegistrationUncertainError(
            f"{new.filename}: {exc}. It has no blob name to look for; look for the title "
            f"{new.title!r} before uploading it again, or use via='storage'",
            call.request,
            blob_name=None,
            total=source.size,
        )
        error.__cause__ = exc
        return error
    return Uploaded(
        source=lease.source,
        file_id=file_id,
        filename=new.filename,
        size=source.size,
        digest=source.digest,
        blob_name=None,
        verified=False,
    )


def _form(new: NewFile, source: PreparedSource, content_type: str) -> tuple[bytes | Body, str]:
    head, tail, form_type = form_around(
        new.fields(),
        filename=new.filename,
        content_type=content_type,
        # Random, not a digest of the fields: the content of the file could be made to contain a digest.
        boundary=secrets.token_hex(16),
    )
    body = source.body
    framed = WrappedBody(head, body, tail) if isinstance(body, Streamed) else head + body + tail
    return framed, form_type
