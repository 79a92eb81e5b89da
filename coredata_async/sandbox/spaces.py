"""Spaces: read only, as documented (facts 2.7)."""

from collections.abc import Mapping

from coredata_async.sandbox.collection import DocumentCollection
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.projects import PROJECTS
from coredata_async.sandbox.state import State


def own(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that only a Space has; its `status` is empty today, and was a value in 2016."""
    return {"is_hidden": False, "status": "", **document.fields}


SPACES = DocumentCollection(plural="spaces", kind="Space", own=own, within={"projects": PROJECTS})
