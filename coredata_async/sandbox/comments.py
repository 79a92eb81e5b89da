"""Comments on documents, as three clients of 2014 agree on them (facts 2.10); they cannot be deleted."""

from collections.abc import Sequence

from coredata_async.sandbox.answer import Answer, empty, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.document import Comment
from coredata_async.sandbox.fields import accept, text
from coredata_async.sandbox.ids import precise_stamp
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Service
from coredata_async.sandbox.simple_collection import Shown, SimpleCollection
from coredata_async.sandbox.state import State

_PATH = "/api/v2/comments/"


async def create(service: Service, call: Call) -> Answer:
    """Comment on a document: 201 and `Location`."""
    said = accept(await call.json(), {"text": text, "doc_id": text})
    said.require("text", "doc_id")
    await call.commit()
    document = said.text("doc_id")
    if document not in service.state.documents:
        raise refuse(f"doc_id: document {document!r} does not exist.")
    return empty(201, {"Location": f"{_PATH}{service.state.add_comment(document, said.text('text'))}/"})


def render(comment: Comment) -> Shown:
    """Return a comment as it is sent: its id is a number, its time has microseconds."""
    return {
        "author": f"/api/v2/users/{comment.author}/",
        "doc_id": comment.doc_id,
        "id": comment.id,
        "resource_uri": f"{_PATH}{comment.id}/",
        "text": comment.text,
        "time": precise_stamp(comment.time),
    }


def everything(state: State) -> Sequence[Shown]:
    """Return all comments, the oldest first."""
    return [render(one) for one in state.comments.values()]


def details(state: State, key: str) -> Shown | None:
    """Return one comment."""
    comment = state.comments.get(int(key)) if key.isascii() and key.isdecimal() else None
    return render(comment) if comment else None


COMMENTS = SimpleCollection(
    name="comments",
    path=_PATH,
    one=f"{_PATH}{{}}/",
    entries=everything,
    entry=details,
    create=Route("POST", _PATH, "comments.create", create),
)
