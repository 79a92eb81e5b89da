"""What is known of one method of the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import frozen

from coredata_async.fivepm import names

Verb = Literal["GET", "POST"]
Gives = Literal["one", "many", "flag", "text", "content"]


@frozen
class Route:
    """Where a method is, and by which verb."""

    verb: Verb
    path: str


@frozen(kw_only=True)
class Method:
    """One method of the service."""

    service: str
    """The service's name for the service, as `projectsgroups`."""
    name: str
    """The service's name for the method, as `getById`."""
    python: str
    """Where the client has it, as `groups.get`."""
    verb: Verb
    path: str
    gives: Gives
    model: type[object] | None = None
    """What one, or each of many, is read as."""
    key: str | None = None
    """The brackets that the fields of `fields` go into, as `project[name]`."""
    fields: type[object] | None = None
    """A frozen class: the fields of an object to be written."""
    filters: type[object] | None = None
    """A frozen class: what `filter[…]` may hold."""
    arguments: tuple[str, ...] = ()
    """What goes beside object and filter, by Python's names: see `names.ARGUMENTS`."""
    fallbacks: tuple[Route, ...] = ()
    """Where else it may be: the page contradicts itself. Only to be tried after 404 or 405."""
    note: str = ""
    """What the vendor's page says wrongly, or not at all."""

    @property
    def full_name(self) -> str:
        """As `projects.getById`: its key in `METHODS`."""
        return f"{self.service}.{self.name}"

    @property
    def writes(self) -> bool:
        """Return whether it changes something, and must not be repeated blindly."""
        return self.verb == "POST" and self.gives != "content"

    @property
    def pages(self) -> bool:
        """Return whether it takes `offset` and `count`."""
        return "offset" in self.arguments

    @property
    def wire_fields(self) -> Mapping[str, str]:
        """Python's and the service's names of what may be written."""
        return names.NAMES[self.fields] if self.fields else {}

    @property
    def wire_filters(self) -> Mapping[str, str]:
        """Python's and the service's names of the filters."""
        return names.NAMES[self.filters] if self.filters else {}
