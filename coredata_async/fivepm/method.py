"""Description of one method of the service."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Verb = Literal["GET", "POST"]
ResultKind = Literal["one", "many", "flag", "text", "content"]
"""One object, many objects, success or failure, a text, or the bytes of a file."""


@frozen
class Route:
    """Path and verb of a method."""

    verb: Verb
    path: str


@frozen(kw_only=True)
class Method:
    """One method of the service."""

    service: str
    """The service's name for the service, such as `projectsgroups`."""
    name: str
    """The service's name for the method, such as `getById`."""
    python: str
    """Name on the client, such as `groups.get`."""
    verb: Verb
    path: str
    result: ResultKind
    model: type[object] | None = None
    """Model of one object, or of each of many."""
    key: str | None = None
    """Prefix of the bracketed `fields`, as in `project[name]`."""
    fields: type[object] | None = None
    """Frozen class: the fields of an object to be written."""
    filters: type[object] | None = None
    """Frozen class: the filters allowed in `filter[…]`."""
    arguments: tuple[str, ...] = ()
    """Arguments beside object and filter, by Python's names: see `names.ARGUMENTS`."""
    fallbacks: tuple[Route, ...] = ()
    """Alternative routes, because the vendor's page contradicts itself. Only to be tried after 404 or 405."""
    note: str = ""
    """Correction of the vendor's page."""

    @property
    def full_name(self) -> str:
        """Name such as `projects.getById`: its key in `METHODS`."""
        return f"{self.service}.{self.name}"

    @property
    def writes(self) -> bool:
        """True if the method changes something, and must not be repeated blindly."""
        return self.verb == "POST" and self.result != "content"

    @property
    def pages(self) -> bool:
        """True if the method takes `offset` and `count`."""
        return "offset" in self.arguments
