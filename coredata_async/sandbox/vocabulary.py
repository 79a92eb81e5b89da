"""Vocabulary of a tenant: its dynatypes, which are its own kinds of documents, and its value lists.

The values were seen in the service's responses. Every tenant has its own; of these, `status`
and `role` are checked against the lists here, because the page of Projects says that a status is a value of
`project_status`.
"""

from collections.abc import Iterable, Mapping

from attrs import frozen

from coredata_async.sandbox.state import State


@frozen
class Dynatype:
    """Kind of document, with its captions in English and Icelandic."""

    systype: str
    """System kind that it belongs to."""
    singular: tuple[str, str]
    plural: tuple[str, str]
    aspects: tuple[str, ...] = ()
    """Groups of further fields that a document of this kind may have."""


KNOWN_DYNATYPES: Mapping[str, Dynatype] = {
    "File": Dynatype("File", ("File", "Skrá"), ("Files", "Skrár")),
    "Contract": Dynatype("File", ("Contract", "Samningur"), ("Contracts", "Samningar")),
    "LetterIn": Dynatype("File", ("Letter in", "Bréf inn"), ("Letters in", "Bréf inn")),
    "LetterOut": Dynatype("File", ("Letter out", "Bréf út"), ("Letters out", "Bréf út"), ("letterout",)),
    "Memo": Dynatype("File", ("Memo", "Minnisblað"), ("Memos", "Minnisblöð")),
    "MeetingNote": Dynatype(
        "File", ("Meeting note", "Fundargerð"), ("Meeting notes", "Fundargerðir"), ("letterout",)
    ),
    "Other": Dynatype("File", ("Other", "Annað"), ("Other", "Annað")),
    "Report": Dynatype("File", ("Report", "Skýrsla"), ("Reports", "Skýrslur")),
    "Project": Dynatype("Project", ("Project", "Mál"), ("Projects", "Mál"), ("url", "kkscode")),
    "Programme": Dynatype("Project", ("Programme", "Áætlun"), ("Programmes", "Áætlanir")),
    "Task": Dynatype("Task", ("Task", "Verkefni"), ("Tasks", "Verkefni")),
    "Person": Dynatype("Contact", ("Person", "Einstaklingur"), ("Persons", "Einstaklingar")),
    "Organization": Dynatype("Contact", ("Organization", "Lögaðili"), ("Organizations", "Lögaðilar")),
}


def dynatype_names(systype: str) -> frozenset[str]:
    """Return the names of the dynatypes of a system kind."""
    return frozenset(name for name, one in KNOWN_DYNATYPES.items() if one.systype == systype)


def dynatype_captions(name: str) -> dict[str, object]:
    """Return the captions of a dynatype: keys of a value list, not texts."""
    return {
        "caption_plural": f"dynatypes_labels:{name}_plural:",
        "caption_singular": f"dynatypes_labels:{name}_singular:",
    }


def embed_dynatype(state: State, name: str | None) -> dict[str, object]:
    """Return a dynatype as it is embedded in a document; Spaces and Folders have none."""
    if name is None:
        return {}
    return {**dynatype_captions(name), "id": state.dynatype_id(name), "title": name}


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
    for name, one in KNOWN_DYNATYPES.items():
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
