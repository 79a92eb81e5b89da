"""Filters of objects (facts 3.3, 3.4, 3.6).

Not documented and decided here: a `name` matches anywhere and without case; `From` includes its
bound, `Before`, `LessThan` and `MoreThan` do not; a closed object was closed when it was last changed.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from coredata_async.sandbox.fivepm.fields import Kind, Record, Value, value
from coredata_async.sandbox.fivepm.parsing import Array, refusal
from coredata_async.sandbox.fivepm.state import State

Passes = Callable[[State, Record, Value], bool]


def _same(attribute: str, kind: Kind = "reference") -> tuple[Kind, Passes]:
    return kind, lambda state, record, wanted: record.get(attribute) == wanted


def _moment(attribute: str, *, after: bool) -> tuple[Kind, Passes]:
    def passes(state: State, record: Record, wanted: Value) -> bool:
        known = record.get(attribute)
        if not isinstance(known, datetime) or not isinstance(wanted, datetime):
            return False
        return known >= wanted if after else known < wanted

    return "date", passes


def _progress(sign: int) -> tuple[Kind, Passes]:
    def passes(state: State, record: Record, wanted: Value) -> bool:
        known = record.get("progress") or 0
        return isinstance(known, int) and isinstance(wanted, int) and (known - wanted) * sign > 0

    return "integer", passes


def _has_name(state: State, record: Record, wanted: Value) -> bool:
    return str(wanted).casefold() in str(record["name"]).casefold()


def _is_assigned(state: State, record: Record, wanted: Value) -> bool:
    team = record.get("team")
    return isinstance(team, tuple) and wanted in team


def _active(state: State, record: Record, wanted: Value) -> bool:
    return not wanted or str(record["status"]) not in state.final


def _recent(state: State, record: Record, days: Value) -> bool:
    closed = record["updatedAt"]
    if not isinstance(days, int) or not isinstance(closed, datetime) or _active(state, record, True):  # noqa: FBT003
        return True
    return state.now - closed <= timedelta(days=days)


Filters = Mapping[str, tuple[Kind, Passes]]

PROJECTS: Filters = {
    "groupId": _same("groupId"),
    "ownerId": _same("ownerId"),
    "name": ("text", _has_name),
    "assignedTo": ("reference", _is_assigned),
    "active": ("flag", _active),
    "hide_old_object_period": ("integer", _recent),
}
TASKS: Filters = {
    **PROJECTS,
    "projectId": _same("projectId"),
    "parentId": _same("parentId"),
    "startedFrom": _moment("startDate", after=True),
    "startedBefore": _moment("startDate", after=False),
    "deadlineFrom": _moment("endDate", after=True),
    "deadlineBefore": _moment("endDate", after=False),
    "createdFrom": _moment("createdAt", after=True),
    "createdBefore": _moment("createdAt", after=False),
    "updatedFrom": _moment("updatedAt", after=True),
    "updatedBefore": _moment("updatedAt", after=False),
    "progressLessThan": _progress(-1),
    "progressMoreThan": _progress(1),
}
POSTED_TO: Filters = {
    "groupId": _same("groupId"),
    "assignedTo": ("reference", _is_assigned),
    "active": ("flag", _active),
    "hide_non_active": ("integer", _recent),
}
"""Filters of an activity that apply to its project or task."""
POSTED: Filters = {"projectId": _same("projectId"), "taskId": _same("taskId"), "type": _same("type", "text")}


def filter_records(state: State, records: Iterable[Record], filters: Filters, given: Array) -> list[Record]:
    """Return the records that pass every filter, or refuse an unknown filter."""
    tests = [
        (_find_filter(filters, name)[1], value(_find_filter(filters, name)[0], name, node))
        for name, node in given.items()
    ]
    return [one for one in records if all(passes(state, one, wanted) for passes, wanted in tests)]


def _find_filter(filters: Filters, name: str) -> tuple[Kind, Passes]:
    found = filters.get(name)
    if found is None:
        raise refusal(400, f"Unknown filter: {name}.")
    return found
