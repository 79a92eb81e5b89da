"""Dynatypes: a tenant's own kinds of documents, their collection, and their form in a document."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from coredata_async.sandbox.simple_collection import Shown, SimpleCollection
from coredata_async.sandbox.state import State

_PATH = "/api/v2/dynatypes/"
_STATUSES = {"Project": "project_status", "Task": "task_status", "Contact": "contact_status"}


@frozen
class Dynatype:
    """Kind of document, with its captions in English and Icelandic."""

    systype: str
    """System kind that it belongs to."""
    singular: tuple[str, str]
    plural: tuple[str, str]
    aspects: tuple[str, ...] = ()
    """Groups of further fields that a document of this kind may have (facts 4.1)."""


KNOWN: Mapping[str, Dynatype] = {
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


def names_of(systype: str) -> frozenset[str]:
    """Return the names of the dynatypes of a system kind."""
    return frozenset(name for name, one in KNOWN.items() if one.systype == systype)


def captions(name: str) -> dict[str, object]:
    """Return the captions of a dynatype: keys of a value list, not texts (facts 4.2)."""
    return {
        "caption_plural": f"dynatypes_labels:{name}_plural:",
        "caption_singular": f"dynatypes_labels:{name}_singular:",
    }


def embed(state: State, name: str | None) -> dict[str, object]:
    """Return a dynatype as it is embedded in a document; Spaces and Folders have none."""
    if name is None:
        return {}
    return {**captions(name), "id": state.dynatype_id(name), "title": name}


def render(state: State, name: str) -> Shown:
    """Return a dynatype as it is sent, in lists and details alike."""
    one, identifier = KNOWN[name], state.dynatype_id(name)
    return {
        **captions(name),
        "description": None,
        "id": identifier,
        "optional_aspects": list(one.aspects),
        "required_aspects": [],
        "resource_uri": f"{_PATH}{identifier}/",
        "status_list": _STATUSES.get(one.systype),
        "systype": one.systype,
        "title": name,
        "type": "Dynatype",
        "version": "0.1",
    }


def everything(state: State) -> Sequence[Shown]:
    """Return all dynatypes, grouped by kind."""
    return [render(state, name) for name in KNOWN]


def details(state: State, key: str) -> Shown | None:
    """Return one dynatype."""
    return next((one for one in everything(state) if one["id"] == key), None)


DYNATYPES = SimpleCollection(
    name="dynatypes", path=_PATH, one=f"{_PATH}{{}}/", entries=everything, entry=details
)
