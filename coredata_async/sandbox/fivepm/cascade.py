"""Cascade of removals; the real rules are not documented (facts 11)."""

from collections.abc import Iterator

from coredata_async.sandbox.fivepm.fields import Record
from coredata_async.sandbox.fivepm.state import Records, State

_INSIDE = (
    ("project", "task", "projectId"),
    ("project", "activity", "projectId"),
    ("task", "task", "parentId"),
    ("task", "activity", "taskId"),
    ("activity", "file", "activityId"),
)
"""Owner, dependent kind, and the attribute of the dependent that names the owner."""


def remove(state: State, noun: str, identifier: str) -> None:
    """Remove an object with its content; a user leaves the teams, a group its projects and tasks."""
    state.of(noun).pop(identifier)
    if noun == "file":
        state.contents.pop(identifier, None)
    for holder, held, attribute in _INSIDE:
        if holder == noun:
            for one in list(_naming(state.of(held), attribute, identifier)):
                if one in state.of(held):
                    remove(state, held, one)
    for records in (state.projects, state.tasks):
        for one, record in records.items():
            records[one] = _without(record, noun, identifier)


def _naming(records: Records, attribute: str, identifier: str) -> Iterator[str]:
    return (one for one, record in records.items() if record.get(attribute) == identifier)


def _without(record: Record, noun: str, identifier: str) -> Record:
    if noun == "group" and record.get("groupId") == identifier:
        return {**record, "groupId": None}
    team = record.get("team")
    if noun == "user" and isinstance(team, tuple) and identifier in team:
        return {**record, "team": tuple(one for one in team if one != identifier)}
    return record
