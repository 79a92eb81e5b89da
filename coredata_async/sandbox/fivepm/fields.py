"""Objects of 5pm and their attributes, as one table, and the interpretation of written values.

Values are read strictly where PHP would guess: `intval("None")` is 0 and `(bool) "False"` is true in PHP.
A client that sends such a value has a bug, and here it is refused.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from attrs import field, frozen

from coredata_async.sandbox.fivepm.parsing import Array, Node, refusal

Kind = Literal["text", "integer", "decimal", "flag", "date", "reference", "team"]
Value: TypeAlias = str | int | float | bool | datetime | tuple[str, ...] | None
Record: TypeAlias = Mapping[str, Value]

OPEN, ON_HOLD, DONE = 10, 20, 30
ADMIN, MEMBER, EXTERNAL, CLIENT = "0", "100", "150", "200"

REFERS: Mapping[str, str] = {
    "groupId": "group",
    "ownerId": "user",
    "projectId": "project",
    "parentId": "task",
    "taskId": "task",
    "activityId": "activity",
}
"""Kind of object that an attribute of the kind `reference` names."""

EMPTY: Mapping[Kind, Value] = {
    "text": "",
    "integer": None,
    "decimal": 0.0,
    "flag": False,
    "date": None,
    "reference": None,
    "team": (),
}
"""Value of an attribute until it is set, and after it is cleared."""
_FLAGS = {"1": True, "0": False}


@frozen(kw_only=True)
class Noun:
    """Kind of object."""

    name: str
    """Key of the wrapping: `project[name]`."""
    fields: Mapping[str, Kind]
    """Attributes that a caller may set."""
    given: Mapping[str, Kind]
    """Attributes that the service sets."""
    required: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    """Further fields that `add` requires if the dialect says so, as an account was observed to do."""
    choices: Mapping[str, frozenset[Value]] = field(factory=dict[str, frozenset[Value]])
    """Valid values stated by the page; those of a status and a priority belong to the account."""
    defaults: Record = field(factory=dict[str, Value])
    secret: tuple[str, ...] = ()
    """Attributes that are written, and never shown."""

    def kind(self, name: str) -> Kind:
        """Return an attribute's kind; an unknown one is text, and is kept."""
        return self.fields.get(name) or self.given.get(name, "text")


_SEEN: Mapping[str, Kind] = {"createdAt": "date", "updatedAt": "date", "can_edit": "flag"}
_WORK: Mapping[str, Kind] = {
    "name": "text",
    "description": "text",
    "tags": "text",
    "ownerId": "reference",
    "groupId": "reference",
    "startDate": "date",
    "endDate": "date",
    "priority": "integer",
    "status": "integer",
    "notifyProjectTeam": "flag",
    "notifyClient": "flag",
    "hidden": "flag",
    "flag": "integer",
    "team": "team",
}
_FLAG: Mapping[str, frozenset[Value]] = {"flag": frozenset(range(4))}
_PERCENT: Mapping[str, frozenset[Value]] = {"progress": frozenset(range(101))}
TYPES: frozenset[Value] = frozenset(("msg", "progress", "file", "googledocs", "ss_boards", "ff_boards"))
_NORMAL: Record = {"priority": 2, "status": OPEN, "flag": 0, "can_edit": True}

PROJECT = Noun(name="project", fields=_WORK, given=_SEEN, required=("name",), defaults=_NORMAL, choices=_FLAG)
TASK = Noun(
    name="task",
    fields={
        **_WORK,
        "parentId": "reference",
        "projectId": "reference",
        "progress": "integer",
        "estimatedTime": "decimal",
        "notifyTaskTeam": "flag",
    },
    given={**_SEEN, "parentName": "text", "hoursDone": "decimal", "prev": "text"},
    required=("name",),
    defaults={**_NORMAL, "progress": 0},
    choices={**_FLAG, **_PERCENT},
)
USER = Noun(
    name="user",
    fields={
        **dict.fromkeys(("title", "email", "password", "firstName", "lastName", "address"), "text"),
        **dict.fromkeys(("workPhone", "cellPhone", "company", "securityLevel", "comment"), "text"),
        "canViewProfiles": "flag",
        "avatar": "text",
    },
    given={},
    required=("firstName",),
    observed=("email", "password", "securityLevel"),
    choices={"securityLevel": frozenset((ADMIN, MEMBER, EXTERNAL, CLIENT))},
    secret=("password",),
)
ACTIVITY = Noun(
    name="activity",
    fields={
        "taskId": "reference",
        "projectId": "reference",
        "type": "text",
        "text": "text",
        "ownerId": "reference",
        "progress": "integer",
        "hoursDone": "decimal",
        "date": "date",
        **dict.fromkeys(("notifyProjectTeam", "notifyTaskTeam", "notifyClient", "hideFromClients"), "flag"),
    },
    given={"taskName": "text", "projectName": "text", "createdAt": "date", "updatedAt": "date"},
    required=("type", "text"),
    choices={"type": TYPES, **_PERCENT},
)
GROUP = Noun(name="group", fields={"name": "text"}, given={}, required=("name",))
FILE = Noun(
    name="file",
    fields={"name": "text"},
    given={
        "type": "text",
        "size": "integer",
        "activityId": "reference",
        "activityType": "text",
        "createdAt": "date",
    },
)


def accept_fields(noun: Noun, given: Mapping[str, Node]) -> Record:
    """Return the fields that a caller sets, also unknown ones, without those that only the service sets."""
    return {
        name: value(noun.kind(name), name, node)
        for name, node in given.items()
        if name not in noun.given and name != "id" and (name in noun.fields or isinstance(node, str))
    }


def value(kind: Kind, name: str, node: Node) -> Value:
    """Return the interpreted value; an empty text clears."""
    if kind == "team":
        return members(node)
    if not isinstance(node, str):
        raise refusal(400, f"{name} is not a single value.")
    if node == "":
        return EMPTY[kind]
    try:
        return _parse(kind, node)
    except (ValueError, KeyError):
        raise refusal(400, f"{name} is not a valid {kind}.") from None


def members(node: Node) -> tuple[str, ...]:
    """Return user ids from `team[0]=5`, `team[items][0]=5`, `team[0][id]=5` (a guess)."""
    if not isinstance(node, dict):
        return (node,) if isinstance(node, str) and node else ()
    inner = node.get("items", node)
    listed = inner if isinstance(inner, dict) else {}
    ids = (one.get("id", "") if isinstance(one, dict) else one for one in listed.values())
    return tuple(dict.fromkeys(one for one in ids if isinstance(one, str) and one))


def text(array: Array, name: str) -> str:
    """Return a plain argument; an empty text if it is missing, or an array."""
    found = array.get(name, "")
    return found if isinstance(found, str) else ""


def flag(array: Array, name: str) -> bool:
    """Return a boolean argument."""
    return bool(value("flag", name, array.get(name, "")))


def _parse(kind: Kind, given: str) -> Value:
    match kind:
        case "integer":
            return int(given)
        case "reference":
            return str(int(given)) if int(given) else None
        case "decimal":
            return float(given)
        case "flag":
            return _FLAGS[given]
        case "date":
            return _moment(given)
        case _:
            return given


def _moment(given: str) -> datetime:
    moment = datetime.fromisoformat(given)
    if moment.tzinfo:
        raise ValueError("5pm states no time zone")
    return moment
