"""Values of the value lists: the valid `status`, `role`, `label`, `country` of a tenant (facts 4.4).

Values seen in the service's responses. Every tenant has its own; of these, `status` and `role` are checked
against the lists here, because the page of Projects says that a status is a value of `project_status`.
"""

from collections.abc import Iterable, Mapping

from attrs import frozen

from coredata_async.sandbox import dynatype


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
    for name, one in dynatype.KNOWN.items():
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
