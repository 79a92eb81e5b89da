"""Value lists, as the service returned them in 2014 (facts 2.11): fifty to a page, entries in the details."""

from collections.abc import Sequence

from coredata_async.sandbox.simple_collection import Shown, SimpleCollection
from coredata_async.sandbox.state import State
from coredata_async.sandbox.value_list_data import LISTS, wire_value

_PATH = "/api/v2/valuelists/"


def render(name: str) -> Shown:
    """Return a value list without its entries, as lists show it."""
    return {
        "default": None,
        "name": name,
        "parent": LISTS[name].parent,
        "resource_uri": f"{_PATH}{name}/",
        "type": "status" if name.endswith("_status") else "value",
    }


def everything(state: State) -> Sequence[Shown]:
    """Return all value lists."""
    return [render(name) for name in LISTS]


def details(state: State, name: str) -> Shown | None:
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
    return {**render(name), "entries": entries}


VALUE_LISTS = SimpleCollection(
    name="value_lists",
    path=_PATH,
    one=f"{_PATH}{{}}/",
    entries=everything,
    entry=details,
    default_limit=50,
)
