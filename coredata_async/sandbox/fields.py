"""Fields of a request's JSON, by name; unknown names are ignored, as Tastypie does.

`null` clears a field: it then shows its empty form, as if it had never been set.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import cast

from attrs import frozen

from coredata_async.sandbox.answer import refuse
from coredata_async.sandbox.state import State
from coredata_async.sandbox.vocabulary import wire_values

Rule = Callable[[str, object], object]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@frozen
class SubmittedFields:
    """Fields of a request, checked."""

    values: Mapping[str, object]
    """Values by name; None for a null in the request."""

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def require(self, *names: str) -> None:
        """Refuse if a mandatory field is missing or empty."""
        for name in names:
            if not self.values.get(name):
                raise refuse(f"The field '{name}' is required.")

    def text(self, name: str, default: str = "") -> str:
        """Return a string, or the default if the field was not sent."""
        return cast("str", self._value(name, default, ""))

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return several strings, or the default if the field was not sent."""
        return cast("tuple[str, ...]", self._value(name, default, ()))

    def mapping(self, name: str, default: Mapping[str, object]) -> Mapping[str, object]:
        """Return an object, or the default if the field was not sent."""
        return cast("Mapping[str, object]", self._value(name, default, {}))

    def merge(self, before: Mapping[str, object], *names: str) -> dict[str, object]:
        """Return the fields with the submitted values; cleared ones are removed and show their empty form."""
        submitted = {name: self.values[name] for name in names if name in self.values}
        return {name: value for name, value in {**before, **submitted}.items() if value is not None}

    def _value(self, name: str, default: object, cleared: object) -> object:
        value = self.values.get(name, default)
        return cleared if value is None else value


def accept(body: Mapping[str, object], rules: Mapping[str, Rule]) -> SubmittedFields:
    """Return the known fields of a body, checked, or refuse."""
    known = {name: rule for name, rule in rules.items() if name in body}
    return SubmittedFields(
        {name: None if body[name] is None else rule(name, body[name]) for name, rule in known.items()}
    )


def text(name: str, value: object) -> str:
    """Accept a string."""
    if not isinstance(value, str):
        raise refuse(f"The field '{name}' must be a string.")
    return value


def texts(name: str, value: object) -> tuple[str, ...]:
    """Accept a list of strings: contacts, tags and usernames of a Project."""
    if not isinstance(value, list):
        raise refuse(f"The field '{name}' must be a list.")
    return tuple(text(name, one) for one in cast("list[object]", value))


def commas(name: str, value: object) -> tuple[str, ...]:
    """Accept a comma-separated string: contacts and tags of a File."""
    # The page's example separates with ", ", so the space is not part of the tag.
    return tuple(part.strip() for part in text(name, value).split(",") if part.strip())


def mapping(name: str, value: object) -> Mapping[str, object]:
    """Accept an object."""
    if not isinstance(value, dict):
        raise refuse(f"The field '{name}' must be an object.")
    return cast("dict[str, object]", value)


def records(mandatory: str | None, *optional: str) -> Rule:
    """Return a rule that accepts a list of objects, with these names and strings (or null) for values.

    An item without its mandatory name is refused; another missing name shows as null for a
    `label` and as an empty string for the rest (a label may be null).
    """
    names = (*([mandatory] if mandatory else []), *optional)

    def rule(field: str, value: object) -> list[dict[str, object]]:
        if not isinstance(value, list):
            raise refuse(f"The field '{field}' must be a list.")
        items = [mapping(field, one) for one in cast("list[object]", value)]
        if mandatory and not all(one.get(mandatory) for one in items):
            raise refuse(f"The field '{field}' must be a list of objects with '{mandatory}'.")
        return [{name: _part(f"{field}.{name}", one.get(name)) for name in names} for one in items]

    return rule


def _part(name: str, value: object) -> str | None:
    if value is None:
        return None if name.endswith(".label") else ""
    return text(name, value)


def day(name: str, value: object) -> str:
    """Accept a date `YYYY-MM-DD`."""
    given = text(name, value)
    try:
        # `fromisoformat` alone would also accept 20260131 and 2026-W05-6.
        if _DAY.fullmatch(given):
            return date.fromisoformat(given).isoformat()
    except ValueError:
        pass
    raise refuse(f"The field '{name}' must be a date like 2026-01-31, not {given!r}.")


def reference(name: str, value: object) -> str | None:
    """Accept an id; an empty one clears the field, as null does."""
    return text(name, value) or None


def word_of(value_list: str) -> Rule:
    """Return a rule that accepts a value of a value list as it is sent, such as `project_status:Pending:`."""
    known = wire_values(value_list)

    def rule(name: str, value: object) -> str:
        given = text(name, value)
        if given not in known:
            raise refuse(f"{name}: {given!r} is not in {value_list}: {', '.join(known)}.")
        return given

    return rule


def check_contacts(state: State, contacts: Iterable[str]) -> None:
    """Refuse ids that no Contact has."""
    for contact in contacts:
        if contact not in state.documents or state.documents[contact].kind != "Contact":
            raise refuse(f"contacts: Contact {contact!r} does not exist.")
