"""Small collections: Spaces, users, comments, dynatypes, value lists, all documents.

Source: https://docs.wise.is/cored/spaces, /users-1, /current-user and /user-home; public clients of 2014 for
the others.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

from coredata_async.sandbox.answer import NOT_FOUND, Answer, Refused, empty, is_whole, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.collection import DocumentCollection, Shown, SimpleCollection, envelope
from coredata_async.sandbox.contacts import CONTACTS
from coredata_async.sandbox.document import Comment, Document, User, precise_stamp
from coredata_async.sandbox.fields import accept, text
from coredata_async.sandbox.files import FILES
from coredata_async.sandbox.folders import FOLDERS
from coredata_async.sandbox.projects import PROJECTS, TASKS
from coredata_async.sandbox.service import Route, Service
from coredata_async.sandbox.state import State
from coredata_async.sandbox.vocabulary import KNOWN_DYNATYPES, LISTS, dynatype_captions, wire_value

_COMMENTS = "/api/v2/comments/"
_DOCUMENTS = "/api/v2/docs/"
_DYNATYPES = "/api/v2/dynatypes/"
_VALUE_LISTS = "/api/v2/valuelists/"
_STATUSES = {"Project": "project_status", "Task": "task_status", "Contact": "contact_status"}
_KEPT = 10
"""Maximum number of visited Projects that are remembered."""


def space_fields(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that only a Space has; its `status` is empty today, and was a value in 2016."""
    return {"is_hidden": False, "status": "", **document.fields}


# Read only, as documented.
SPACES = DocumentCollection(plural="spaces", kind="Space", own=space_fields, within={"projects": PROJECTS})


def render_user(user: User, path: str) -> Shown:
    """Return a user as it is sent: without an id, because the key is the username."""
    return {
        **user.embed(),
        # Plural in the list, singular in the details.
        "resource_uri": f"{path}{user.username}/",
        "user_type": user.user_type,
    }


def list_users(state: State) -> Sequence[Shown]:
    """Return all users, in the order of creation."""
    return [render_user(user, "/api/v2/users/") for user in state.users.values()]


def show_user(state: State, username: str) -> Shown | None:
    """Return one user."""
    user = state.users.get(username)
    return render_user(user, "/api/v2/user/") if user else None


async def list_me(service: Service, call: Call) -> Answer:
    """Return a list of one: the authenticated user."""
    return envelope(service, call, [render_user(service.state.author, "/api/v2/user/")])


async def list_recent_projects(service: Service, call: Call) -> Answer:
    """List the Projects whose details were read last, the latest first."""
    return PROJECTS.list_page(service, call, service.state.recently_visited(PROJECTS.kind)[:_KEPT])


USERS = SimpleCollection(
    name="users", path="/api/v2/users/", one="/api/v2/user/{}/", entries=list_users, entry=show_user
)


async def create_comment(service: Service, call: Call) -> Answer:
    """Comment on a document: 201 and `Location`."""
    submitted = accept(await call.json(), {"text": text, "doc_id": text})
    submitted.require("text", "doc_id")
    await call.commit()
    document = submitted.text("doc_id")
    if document not in service.state.documents:
        raise refuse(f"doc_id: document {document!r} does not exist.")
    return empty(
        201, {"Location": f"{_COMMENTS}{service.state.add_comment(document, submitted.text('text'))}/"}
    )


def render_comment(comment: Comment) -> Shown:
    """Return a comment as it is sent: its id is a number, its time has microseconds."""
    return {
        "author": f"/api/v2/users/{comment.author}/",
        "doc_id": comment.doc_id,
        "id": comment.id,
        "resource_uri": f"{_COMMENTS}{comment.id}/",
        "text": comment.text,
        "time": precise_stamp(comment.time),
    }


def list_comments(state: State) -> Sequence[Shown]:
    """Return all comments, the oldest first."""
    return [render_comment(one) for one in state.comments.values()]


def show_comment(state: State, key: str) -> Shown | None:
    """Return one comment."""
    comment = state.comments.get(int(key)) if is_whole(key) else None
    return render_comment(comment) if comment else None


# As three clients of 2014 agree on them; they cannot be deleted.
COMMENTS = SimpleCollection(
    name="comments",
    path=_COMMENTS,
    one=f"{_COMMENTS}{{}}/",
    entries=list_comments,
    entry=show_comment,
    create=Route("POST", _COMMENTS, "comments.create", create_comment),
)


def render_dynatype(state: State, name: str) -> Shown:
    """Return a dynatype as it is sent, in lists and details alike."""
    one, identifier = KNOWN_DYNATYPES[name], state.dynatype_id(name)
    return {
        **dynatype_captions(name),
        "description": None,
        "id": identifier,
        "optional_aspects": list(one.aspects),
        "required_aspects": [],
        "resource_uri": f"{_DYNATYPES}{identifier}/",
        "status_list": _STATUSES.get(one.systype),
        "systype": one.systype,
        "title": name,
        "type": "Dynatype",
        "version": "0.1",
    }


def list_dynatypes(state: State) -> Sequence[Shown]:
    """Return all dynatypes, grouped by kind."""
    return [render_dynatype(state, name) for name in KNOWN_DYNATYPES]


def show_dynatype(state: State, key: str) -> Shown | None:
    """Return one dynatype."""
    return next((one for one in list_dynatypes(state) if one["id"] == key), None)


DYNATYPES = SimpleCollection(
    name="dynatypes", path=_DYNATYPES, one=f"{_DYNATYPES}{{}}/", entries=list_dynatypes, entry=show_dynatype
)


def render_value_list(name: str) -> Shown:
    """Return a value list without its entries, as lists show it."""
    return {
        "default": None,
        "name": name,
        "parent": LISTS[name].parent,
        "resource_uri": f"{_VALUE_LISTS}{name}/",
        "type": "status" if name.endswith("_status") else "value",
    }


def list_value_lists(state: State) -> Sequence[Shown]:
    """Return all value lists."""
    return [render_value_list(name) for name in LISTS]


def show_value_list(state: State, name: str) -> Shown | None:
    """Return a value list with its entries; each `name` is the sent form `<list>:<value>:<parent value>`."""
    if name not in LISTS:
        return None
    words, parent = LISTS[name].values, LISTS[name].parent
    entries = [
        {
            "name": wire_value(name, word),
            "ordering": ordering,
            "parent": f"{parent}:{word.parent}:" if word.parent else None,
            "translations": {"en": word.en, "is": word.icelandic},
        }
        for ordering, word in enumerate(words)
    ]
    return {**render_value_list(name), "entries": entries}


# That of 2014: fifty to a page, entries in the details.
VALUE_LISTS = SimpleCollection(
    name="value_lists",
    path=_VALUE_LISTS,
    one=f"{_VALUE_LISTS}{{}}/",
    entries=list_value_lists,
    entry=show_value_list,
    default_limit=50,
)

_COLLECTIONS = {each.kind: each for each in (SPACES, PROJECTS, FOLDERS, FILES, TASKS, CONTACTS)}
_SHOWN_BY = {**_COLLECTIONS, "Workspace": FOLDERS, "Filespace": FOLDERS}
"""Also the kinds without a collection of their own: all types derive from Document."""


def list_documents(state: State) -> Sequence[Shown]:
    """Return all documents of the kinds with a collection of their own."""
    return [_render(state, one) for one in chain.from_iterable(state.of(kind) for kind in _COLLECTIONS)]


def show_document(state: State, identifier: str) -> Shown | None:
    """Return one document."""
    document = state.documents.get(identifier)
    return None if document is None or document.kind not in _SHOWN_BY else _render(state, document)


async def delete_document(service: Service, call: Call) -> Answer:
    """Delete a document with its content: 204."""
    await call.commit()
    document = service.state.documents.get(call.ids[0])
    if document is None or document.kind not in _COLLECTIONS:
        raise Refused(NOT_FOUND)
    service.state.remove(document)
    return empty(204)


def _render(state: State, document: Document) -> Shown:
    path = f"{_DOCUMENTS}{document.id}/"
    return {**_SHOWN_BY[document.kind].render(state, document), "resource_uri": path}


# Any document by its id, regardless of its kind: seen in 2014 only.
DOCUMENTS = SimpleCollection(
    name="documents",
    path=_DOCUMENTS,
    one=f"{_DOCUMENTS}{{}}/",
    entries=list_documents,
    entry=show_document,
)
ROUTES = (
    Route("GET", "/api/v2/user/", "users.me", list_me),
    Route("GET", "/api/v2/user/projects/recent/", "users.recent", list_recent_projects),
    Route("DELETE", f"{_DOCUMENTS}{{}}/", "documents.delete", delete_document),
)
