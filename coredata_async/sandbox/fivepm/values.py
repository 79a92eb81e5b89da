"""Interpretation of a written value, by the kind of its attribute; strict where PHP would guess.

`intval("None")` is 0 and `(bool) "False"` is true in PHP (facts 4.7): a client that sends such a value
has a bug, and here it is refused.
"""

from collections.abc import Mapping
from datetime import datetime

from coredata_async.sandbox.fivepm.errors import refusal
from coredata_async.sandbox.fivepm.fields import EMPTY, Kind, Noun, Record, Value
from coredata_async.sandbox.fivepm.parsing import Array, Node

_FLAGS = {"1": True, "0": False}


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
    """Return user ids from `team[0]=5`, `team[items][0]=5`, `team[0][id]=5` (facts 4.14: a guess)."""
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
