"""Value lists of a tenant: the valid `status`, `role`, `label`, `country` (facts 4.4), and their collection.

Values seen in the service's responses. Every tenant has its own; of these, `status` and `role` are checked
against the lists here, because the page of Projects says that a status is a value of `project_status`.
The collection is that of 2014 (facts 2.11): fifty to a page, entries in the details.
"""

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from coredata_async.sandbox.dynatypes import KNOWN
from coredata_async.sandbox.simple_collection import Shown, SimpleCollection
from coredata_async.sandbox.state import State

_PATH = "/api/v2/valuelists/"


@frozen
class Value:
    """Value with its names in English and Icelandic."""

    value: str
    en: str
    icelandic: str
    parent: str = ""
    """Value of the parent list that it belongs to."""


@frozen
class ValueList:
    """Values for one purpose."""

    values: tuple[Value, ...]
    parent: str | None = None
    """Name of the list that its values are grouped by."""


def _labels() -> Iterable[Value]:
    for name, one in KNOWN.items():
        yield Value(f"{name}_singular", *one.singular)
        yield Value(f"{name}_plural", *one.plural)


def _values(*words: tuple[str, str, str]) -> ValueList:
    return ValueList(tuple(Value(*word) for word in words))


_IN_PROGRESS = ("In_progress", "In progress", "Í vinnslu")
_PENDING = ("Pending", "Pending", "Í bið")
_CLOSED = ("Closed", "Closed", "Lokið")
_WORK = ("Work", "Work", "Vinna")

LISTS: Mapping[str, ValueList] = {
    "project_status": _values(_IN_PROGRESS, _PENDING, ("On_hold", "On hold", "Í biðstöðu"), _CLOSED),
    "task_status": _values(_IN_PROGRESS, _PENDING, _CLOSED),
    "contact_status": _values(
        ("Active", "Active", "Virkur"), ("Inactive", "Inactive", "Óvirkur"), ("Away", "Away", "Fjarverandi")
    ),
    "space_status": _values(
        ("active", "Active", "Virkt"),
        ("inactive", "Inactive", "Óvirkt"),
        ("closed", "Closed", "Lokað"),
        ("archived", "Archived", "Í geymslu"),
    ),
    "contact_role": _values(("customer", "Customer", "Viðskiptavinur"), ("supplier", "Supplier", "Birgir")),
    "email_label": _values(_WORK, ("Private", "Private", "Einka")),
    "phone_label": _values(
        _WORK, ("Home", "Home", "Heima"), ("Mobile", "Mobile", "Farsími"), ("Fax", "Fax", "Fax")
    ),
    "url_label": _values(("Website", "Website", "Vefsíða"), ("Blog", "Blog", "Blogg")),
    "address_label": _values(_WORK, ("Home", "Home", "Heima")),
    "dynatypes_labels": ValueList(tuple(_labels())),
    "continent": _values(("europe", "Europe", "Evrópa"), ("america", "America", "Ameríka")),
    "country": ValueList(
        (
            Value("Iceland", "Iceland", "Ísland", "europe"),
            Value("Norway", "Norway", "Noregur", "europe"),
            Value("Canada", "Canada", "Kanada", "america"),
        ),
        parent="continent",
    ),
}


def wire_value(value_list: str, word: Value) -> str:
    """Return a value as it is sent and shown: `<list>:<value>:<parent value>`."""
    return f"{value_list}:{word.value}:{word.parent}"


def wire_values(value_list: str) -> tuple[str, ...]:
    """Return all values of a list, as they are sent and shown."""
    return tuple(wire_value(value_list, word) for word in LISTS[value_list].values)


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
