"""List of dynatypes, as in the service of 2014 (facts 2.11): ids are those in documents."""

from collections.abc import Sequence

from coredata_async.sandbox import dynatype
from coredata_async.sandbox.simple_collection import Shown, SimpleCollection
from coredata_async.sandbox.state import State

_PATH = "/api/v2/dynatypes/"
_STATUSES = {"Project": "project_status", "Task": "task_status", "Contact": "contact_status"}


def render(state: State, name: str) -> Shown:
    """Return a dynatype as it is sent, in lists and details alike."""
    one, identifier = dynatype.KNOWN[name], state.dynatype_id(name)
    return {
        **dynatype.captions(name),
        "description": None,
        "id": identifier,
        "optional_aspects": list(one.aspects),
        "required_aspects": [],
        "resource_uri": f"{_PATH}{identifier}/",
        "status_list": _STATUSES.get(one.systype),
        "systype": one.systype,
        "title": name,
        "type": "Dynatype",
        "version": "0.1",
    }


def everything(state: State) -> Sequence[Shown]:
    """Return all dynatypes, grouped by kind."""
    return [render(state, name) for name in dynatype.KNOWN]


def details(state: State, key: str) -> Shown | None:
    """Return one dynatype."""
    return next((one for one in everything(state) if one["id"] == key), None)


DYNATYPES = SimpleCollection(
    name="dynatypes", path=_PATH, one=f"{_PATH}{{}}/", entries=everything, entry=details
)
