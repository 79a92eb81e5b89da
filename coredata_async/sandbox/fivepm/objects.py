"""Actions on any kind of object: find, add, change, remove, filter, list, notify by e-mail.

Not documented and decided here: a `name` matches anywhere and without case; `From` includes its
bound, `Before`, `LessThan` and `MoreThan` do not; a closed object was closed when it was last changed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.fivepm.dialect import Dialect
from coredata_async.sandbox.fivepm.fields import (
    CLIENT,
    EMPTY,
    REFERS,
    Kind,
    Noun,
    Record,
    Value,
    accept_fields,
    text,
    value,
)
from coredata_async.sandbox.fivepm.parsing import Arguments, Array, missing, refusal
from coredata_async.sandbox.fivepm.state import Email, Records, State

Passes = Callable[[State, Record, Value], bool]
_INSIDE = (
    ("project", "task", "projectId"),
    ("project", "activity", "projectId"),
    ("task", "task", "parentId"),
    ("task", "activity", "taskId"),
    ("activity", "file", "activityId"),
)
"""Owner, dependent kind, and the attribute of the dependent that names the owner."""
_FLAGS = ("notifyProjectTeam", "notifyTaskTeam", "notifyClient")


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

PROJECT_FILTERS: Filters = {
    "groupId": _same("groupId"),
    "ownerId": _same("ownerId"),
    "name": ("text", _has_name),
    "assignedTo": ("reference", _is_assigned),
    "active": ("flag", _active),
    "hide_old_object_period": ("integer", _recent),
}
TASK_FILTERS: Filters = {
    **PROJECT_FILTERS,
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
PLACE_FILTERS: Filters = {
    "groupId": _same("groupId"),
    "assignedTo": ("reference", _is_assigned),
    "active": ("flag", _active),
    "hide_non_active": ("integer", _recent),
}
"""Filters of an activity that apply to its project or task."""
ACTIVITY_FILTERS: Filters = {
    "projectId": _same("projectId"),
    "taskId": _same("taskId"),
    "type": _same("type", "text"),
}


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


def find(account: Account, noun: Noun, identifier: str) -> Record:
    """Return an object, or refuse."""
    record = account.state.of(noun.name).get(identifier)
    if record is None:
        raise missing(noun.name)
    return record


def find_requested(account: Account, noun: Noun, asked: Arguments) -> Record:
    """Return the object of a flat `id`."""
    return find(account, noun, text(asked.arguments, "id"))


def add(account: Account, noun: Noun, asked: Arguments, *, defaults: Record | None = None) -> Record:
    """Create an object from the given values; missing ones have their defaults."""
    given = accept_fields(noun, asked.array(noun.name))
    needed = (*noun.required, *(noun.observed if account.dialect.required == "observed" else ()))
    lacking = [name for name in needed if given.get(name) in ("", None)]
    if lacking:
        raise refusal(400, f"{noun.name} needs {', '.join(lacking)}.")
    _check(account, noun, given)
    blank: Record = {name: EMPTY[kind] for name, kind in noun.fields.items()}
    now: Record = {name: account.state.now for name in ("createdAt", "updatedAt") if name in noun.given}
    owner: Record = {"ownerId": asked.user} if "ownerId" in noun.fields else {}
    return account.state.add(noun, {**blank, **noun.defaults, **owner, **(defaults or {}), **given, **now})


def change(account: Account, noun: Noun, asked: Arguments) -> tuple[Record, Record]:
    """Change only the given values; return the object before and after."""
    array = asked.array(noun.name)
    identifier = text(array, "id")
    if not identifier:
        raise refusal(400, f"{noun.name} needs id.")
    before = find(account, noun, identifier)
    given = accept_fields(noun, array)
    needed = (*noun.required, *(noun.observed if account.dialect.required == "observed" else ()))
    emptied = [name for name in needed if name in given and given[name] in ("", None)]
    if emptied:
        raise refusal(400, f"{noun.name} needs {', '.join(emptied)}.")
    _check(account, noun, given)
    return before, account.state.change(noun, identifier, given)


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


def page(records: Sequence[Record], arguments: Array, dialect: Dialect) -> Sequence[Record]:
    """Return the part in `offset` and `count`."""
    count = _whole(arguments, "count") or dialect.page_cap
    base = dialect.offset_base
    start = 0 if base is None else max(0, _whole(arguments, "offset") - base)
    return records[start : start + min(max(count, 0), dialect.page_cap)]


def notify(account: Account, noun: Noun, asked: Arguments, record: Record) -> None:
    """Send an e-mail for each flag in this request; a stored flag sends nothing."""
    given = accept_fields(noun, asked.array(noun.name))
    for flag in _FLAGS:
        if given.get(flag):
            to = _addresses(account.state, flag, noun, record, asked.user)
            account.state.emails.append(Email(flag=flag, noun=noun.name, id=str(record["id"]), to=to))


def _check(account: Account, noun: Noun, given: Record) -> None:
    """Refuse a reference to a missing object, and a value that the page does not list as valid."""
    choices = {**noun.choices, **account.state.choices(noun)}
    for name, sent in given.items():
        if sent not in (*choices.get(name, (sent,)), EMPTY[noun.kind(name)]):
            raise refusal(400, f"{name}: {sent} is not a valid value.")
        kind = noun.kind(name)
        if kind == "team" and isinstance(sent, tuple):
            unknown = [one for one in sent if one not in account.state.users]
        else:
            kept = account.state.of(REFERS[name]) if kind == "reference" else {}
            unknown = [str(sent)] if kind == "reference" and sent and sent not in kept else []
        if unknown:
            raise refusal(400, f"{name}: unknown value {', '.join(unknown)}.")


def _naming(records: Records, attribute: str, identifier: str) -> Iterator[str]:
    return (one for one, record in records.items() if record.get(attribute) == identifier)


def _without(record: Record, noun: str, identifier: str) -> Record:
    if noun == "group" and record.get("groupId") == identifier:
        return {**record, "groupId": None}
    team = record.get("team")
    if noun == "user" and isinstance(team, tuple) and identifier in team:
        return {**record, "team": tuple(one for one in team if one != identifier)}
    return record


def _whole(arguments: Array, name: str) -> int:
    known = value("integer", name, arguments.get(name, ""))
    return known if isinstance(known, int) else 0


def _addresses(state: State, flag: str, noun: Noun, record: Record, sender: str) -> tuple[str, ...]:
    task = record if noun.name == "task" else state.tasks.get(str(record.get("taskId")), {})
    project_id = task.get("projectId") or record.get("projectId")
    project = record if noun.name == "project" else state.projects.get(str(project_id), {})
    team = (task if flag == "notifyTaskTeam" else project).get("team")
    people = [state.users[one] for one in team if one in state.users] if isinstance(team, tuple) else []
    # Clients are assigned to projects, and are notified by their own flag only.
    clients = flag == "notifyClient"
    return tuple(
        str(one["email"])
        for one in people
        if one["id"] != sender and (one["securityLevel"] == CLIENT) == clients
    )
