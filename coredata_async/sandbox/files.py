"""Files: their metadata, their creation, and their bytes with the URL and the replacement.

Source: https://docs.wise.is/cored/files-v2
"""

import mimetypes
from collections.abc import Mapping
from pathlib import PurePosixPath
from uuid import uuid4

import attrs
from attrs import frozen

from coredata_async.sandbox import listing, multipart
from coredata_async.sandbox.answer import Answer, Refused, empty, refuse
from coredata_async.sandbox.call import Call, from_bytes
from coredata_async.sandbox.collection import DocumentCollection, project_around, space_around
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.faults import FALSE_MD5
from coredata_async.sandbox.fields import SubmittedFields, accept, check_contacts, commas, text
from coredata_async.sandbox.service import Route, Service
from coredata_async.sandbox.state import State
from coredata_async.sandbox.vocabulary import dynatype_names

_RULES = {
    "filename": text,
    "title": text,
    "parent": text,
    "dynatype": text,
    "contacts": commas,
    "tags": commas,
}
_MANDATORY = ("filename", "title", "parent")
_PARENTS = frozenset(("Project", "Workspace", "Folder", "Filespace"))
_DYNATYPES = dynatype_names("File")


@frozen
class Content:
    """Bytes of a File: the blob, its size, its MD5."""

    blob: str
    size: int
    md5: str


async def classify(call: Call) -> str:
    """Return which of the two ways to create a File is used, without reading content."""
    call.send_continue()
    call.form = multipart.open_form(call.headers, call.receive)
    await call.form.advance(until="blob_name")
    return "files.register" if "blob_name" in call.form.texts else "files.create"


async def create_file(service: Service, call: Call) -> Answer:
    """Create a File from the form's `content`, or from a stored blob: 201 and `Location`."""
    if call.form is None:
        raise refuse("The form is missing.")
    await call.form.advance()
    if not call.form.at_content:
        return await _register(service, call, call.form.texts)
    blob = uuid4().hex
    size, md5 = await service.bucket.store(blob, call.body(call.form.content))
    try:
        await call.form.advance()
        await call.commit()
        if "blob_name" in call.form.texts:
            raise refuse("Only one of the fields 'content' and 'blob_name' may be given.")
        return _add_file(service.state, call, call.form.texts, Content(blob, size, md5))
    except Refused:
        await service.bucket.delete(blob)
        raise


async def _register(service: Service, call: Call, texts: Mapping[str, str]) -> Answer:
    """Create a File from a stored blob.

    A second time creates a second File, because the request has no key.
    """
    blob = texts.get("blob_name")
    if not blob:
        raise refuse("One of the fields 'content' and 'blob_name' is required.")
    # The form was read before its kind was known, so faults that slow or cut the body apply here.
    async for _ in call.body(from_bytes(bytes(call.received))):
        pass
    await call.commit()
    size, md5 = await stat_blob(service, blob)
    if service.refuse_second_registration and service.state.index.naming(blob):
        raise refuse(f"The blob {blob!r} is registered already.")
    return _add_file(service.state, call, texts, Content(blob, size, md5))


async def stat_blob(service: Service, blob: str) -> tuple[int, str]:
    """Return size and MD5 of a blob, or refuse one that was never stored."""
    found = await service.bucket.stat(blob)
    if found is None:
        raise refuse(f"blob_name: stored blob {blob!r} does not exist.")
    return found


def _add_file(state: State, call: Call, texts: Mapping[str, str], content: Content) -> Answer:
    submitted = accept(texts, _RULES)
    submitted.require(*_MANDATORY)
    draft = _change_file(state, state.draft("File", "", None), submitted)
    fields = {**draft.fields, "blob_name": content.blob, "digest": content.md5, "size": content.size}
    file = state.add(attrs.evolve(draft, fields=fields, indexed=call.sync))
    return empty(201, {"Location": f"/api/v2/files/{file.id}/"})


async def update_file(service: Service, call: Call) -> Answer:
    """Change metadata; filename, title and parent are mandatory, and another parent moves the File."""
    submitted = accept(await call.json(), _RULES)
    submitted.require(*_MANDATORY)
    await call.commit()
    before = FILES.find(service.state, call.ids[0])
    after = _change_file(service.state, before, submitted)
    service.state.change(attrs.evolve(after, indexed=before.indexed or call.sync))
    return empty(204)


def _change_file(state: State, before: Document, submitted: SubmittedFields) -> Document:
    """Return the changed document, or refuse."""
    parent = state.documents.get(submitted.text("parent"))
    if parent is None or parent.kind not in _PARENTS:
        raise refuse(f"parent: Project, Folder or Filespace {submitted.text('parent')!r} does not exist.")
    kind = submitted.text("dynatype", before.dynatype or "") or "File"
    if kind not in _DYNATYPES:
        raise refuse(f"dynatype: Dynatype {kind!r} does not exist for Files.")
    contacts = submitted.texts("contacts", before.contacts)
    if "contacts" in submitted:
        check_contacts(state, contacts)
    filename = submitted.text("filename")
    return attrs.evolve(
        before,
        parent=state.container(parent).id,
        title=submitted.text("title"),
        dynatype=kind,
        tags=submitted.texts("tags", before.tags),
        # Contacts of a plain File are dropped silently.
        contacts=() if kind == "File" else contacts,
        fields={"mime_type": mime_type(filename), **before.fields, "filename": filename},
    )


def file_fields(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that only a File has; linked contacts are not among them."""
    return {
        "category": "main",
        "fileplan": "",
        "fileplan_title": "",
        "folder": "",
        "owner": None,
        "parent": document.parent,
        "project": project_around(state, document),
        "space": space_around(state, document),
        "userhome": None,
        **document.fields,
    }


FILES = DocumentCollection(
    plural="files",
    kind="File",
    own=file_fields,
    known=frozenset((*listing.TITLE_FILTERS, *listing.DATE_FILTERS, "parent", "associated_contacts_id")),
    create=Route(
        "POST", "/api/v2/files/", "files.create", create_file, classify=classify, others=("files.register",)
    ),
    update=update_file,
    removable=True,
)
# A separate instance contains Python's table only: the machine's /etc/mime.types would change the responses.
_TYPES = mimetypes.MimeTypes()


def mime_type(filename: str) -> str:
    """Return the MIME type of a file name."""
    return _TYPES.guess_type(filename)[0] or "application/octet-stream"


async def fetch_content(service: Service, call: Call) -> Answer:
    """Redirect with 302 to an absolute signed URL, on the tenant's own host."""
    fields = FILES.find(service.state, call.ids[0]).fields
    url = service.bucket.presign_get(
        str(fields["blob_name"]), str(fields["filename"]), str(fields["mime_type"])
    )
    return empty(302, {"Location": url})


async def replace_content(service: Service, call: Call) -> Answer:
    """Give a File new content, from the body or from a blob: 201, although no new File is created."""
    file = _check_snapshot(service, call)
    blob, size, md5 = await (
        _take_blob(service, call) if "blob_name" in call.query else _take_body(service, call)
    )
    try:
        await call.commit()
        # The lock is checked again, because another client may have been faster while the body arrived.
        file = _check_snapshot(service, call)
    except Refused:
        if "blob_name" not in call.query:
            await service.bucket.delete(blob)
        raise
    content = {
        "blob_name": blob,
        "size": size,
        "digest": md5,
        **_rename_content(file, call.query.get("filename")),
    }
    after = attrs.evolve(
        file,
        version=file.version + 1,
        fields={**file.fields, **content},
        indexed=file.indexed or call.sync,
    )
    changed = service.state.change(after)
    headers = {
        "X-Coredata-fields-filedigest": FALSE_MD5 if call.effect.wrong_digest else md5,
        "X-Coredata-fields-snapshot-id": changed.snapshot_id,
    }
    return empty(201, headers)


def _check_snapshot(service: Service, call: Call) -> Document:
    """Return the File, or refuse a request that saw an older state of it.

    The status of the real service is not documented; 409 is the most likely.
    """
    file = FILES.find(service.state, call.ids[0])
    expected = call.query.get("snapshot_id")
    if expected and expected != file.snapshot_id:
        raise refuse(f"The document has changed: its snapshot_id is not {expected!r}.", 409)
    return file


async def _take_blob(service: Service, call: Call) -> tuple[str, int, str]:
    blob, digest = call.query["blob_name"], call.query.get("digest")
    if not digest:
        raise refuse("blob_name requires digest.")
    size, md5 = await stat_blob(service, blob)
    if digest.lower() != md5:
        raise refuse(f"digest: the MD5 of blob {blob!r} is different.")
    return blob, size, md5


async def _take_body(service: Service, call: Call) -> tuple[str, int, str]:
    # An empty body makes an empty File: the page's own example truncates a File this way.
    call.expect_type("application/octet-stream")
    blob = uuid4().hex
    size, md5 = await service.bucket.store(blob, call.body())
    return blob, size, md5


def _rename_content(file: Document, filename: str | None) -> Mapping[str, object]:
    """Keep the file's name, and take the extension of the new one if it differs."""
    before = PurePosixPath(str(file.fields["filename"]))
    suffix = PurePosixPath(filename or "").suffix
    if not suffix or suffix == before.suffix:
        return {}
    after = before.stem + suffix
    return {"filename": after, "mime_type": mime_type(after)}


CONTENT_ROUTES = (
    Route("GET", "/api/v2/files/{}/content/", "files.content", fetch_content),
    Route("PUT", "/api/v2/files/{}/content/", "files.replace", replace_content),
)
