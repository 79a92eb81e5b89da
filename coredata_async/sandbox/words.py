"""The words of the value lists: what a tenant may say in `status`, `role`, `label`, `country` (facts 4.4).

Values seen in the service's answers. Every tenant has its own; of these, `status` and `role` are checked
against the lists here, because the page of Projects says that a status is a value of `project_status`.
"""

from collections.abc import Iterable, Mapping

from attrs import frozen

from coredata_async.sandbox import dynatype


@frozen
class Word:
    """A value with its names in English and Icelandic."""

    value: str
    en: str
    icelandic: str
    parent: str = ""
    """The value of the parent list that it belongs to."""


@frozen
class ValueList:
    """Words for one purpose."""

    words: tuple[Word, ...]
    parent: str | None = None
    """The name of the list its words are sorted by."""


def _labels() -> Iterable[Word]:
    for name, one in dynatype.KNOWN.items():
        yield Word(f"{name}_singular", *one.singular)
        yield Word(f"{name}_plural", *one.plural)


def _words(*words: tuple[str, str, str]) -> ValueList:
    return ValueList(tuple(Word(*word) for word in words))


_IN_PROGRESS = ("In_progress", "In progress", "Í vinnslu")
_PENDING = ("Pending", "Pending", "Í bið")
_CLOSED = ("Closed", "Closed", "Lokið")
_WORK = ("Work", "Work", "Vinna")

LISTS: Mapping[str, ValueList] = {
    "project_status": _words(_IN_PROGRESS, _PENDING, ("On_hold", "On hold", "Í biðstöðu"), _CLOSED),
    "task_status": _words(_IN_PROGRESS, _PENDING, _CLOSED),
    "contact_status": _words(
        ("Active", "Active", "Virkur"), ("Inactive", "Inactive", "Óvirkur"), ("Away", "Away", "Fjarverandi")
    ),
    "space_status": _words(
        ("active", "Active", "Virkt"),
        ("inactive", "Inactive", "Óvirkt"),
        ("closed", "Closed", "Lokað"),
        ("archived", "Archived", "Í geymslu"),
    ),
    "contact_role": _words(("customer", "Customer", "Viðskiptavinur"), ("supplier", "Supplier", "Birgir")),
    "email_label": _words(_WORK, ("Private", "Private", "Einka")),
    "phone_label": _words(
        _WORK, ("Home", "Home", "Heima"), ("Mobile", "Mobile", "Farsími"), ("Fax", "Fax", "Fax")
    ),
    "url_label": _words(("Website", "Website", "Vefsíða"), ("Blog", "Blog", "Blogg")),
    "address_label": _words(_WORK, ("Home", "Home", "Heima")),
    "dynatypes_labels": ValueList(tuple(_labels())),
    "continent": _words(("europe", "Europe", "Evrópa"), ("america", "America", "Ameríka")),
    "country": ValueList(
        (
            Word("Iceland", "Iceland", "Ísland", "europe"),
            Word("Norway", "Norway", "Noregur", "europe"),
            Word("Canada", "Canada", "Kanada", "america"),
        ),
        parent="continent",
    ),
}


def wire_value(value_list: str, word: Word) -> str:
    """Return a value as it is sent and shown: `<list>:<value>:<parent value>`."""
    return f"{value_list}:{word.value}:{word.parent}"


def wire_values(value_list: str) -> tuple[str, ...]:
    """Return all values of a list, as they are sent and shown."""
    return tuple(wire_value(value_list, word) for word in LISTS[value_list].words)
