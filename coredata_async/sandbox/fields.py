"""What a request's JSON may say, name by name; what is not in the table is ignored, as by Tastypie."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import cast

from attrs import frozen

from coredata_async.sandbox.answer import refused

Rule = Callable[[str, object], object]


@frozen
class Said:
    """What a request said, checked."""

    values: Mapping[str, object]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def required(self, *names: str) -> None:
        """Refuse when a mandatory field is missing or empty."""
        for name in names:
            if not self.values.get(name):
                raise refused(f"The field '{name}' is required.")

    def text(self, name: str, default: str = "") -> str:
        """Return a string, or what holds when nothing was said."""
        return str(self.values.get(name, default))

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return several strings, or what holds when nothing was said."""
        return cast("tuple[str, ...]", self.values.get(name, default))

    def mapping(self, name: str, default: Mapping[str, object]) -> Mapping[str, object]:
        """Return an object, or what holds when nothing was said."""
        return cast("Mapping[str, object]", self.values.get(name, default))


def accepted(body: Mapping[str, object], rules: Mapping[str, Rule]) -> Said:
    """Return what the rules know of a body, checked, or refuse."""
    return Said({name: rule(name, body[name]) for name, rule in rules.items() if name in body})


def text(name: str, value: object) -> str:
    """Take a string."""
    if not isinstance(value, str):
        raise refused(f"The field '{name}' must be a string.")
    return value


def texts(name: str, value: object) -> tuple[str, ...]:
    """Take a list of strings: contacts, tags and usernames of a Project (facts 6, trap 8)."""
    if not isinstance(value, list):
        raise refused(f"The field '{name}' must be a list.")
    return tuple(text(name, one) for one in cast("list[object]", value))


def commas(name: str, value: object) -> tuple[str, ...]:
    """Take a comma-separated string: contacts and tags of a File (facts 2.2)."""
    # The page's example separates with ", ", so the space is not part of the tag.
    return tuple(part.strip() for part in text(name, value).split(",") if part.strip())


def mapping(name: str, value: object) -> Mapping[str, object]:
    """Take an object."""
    if not isinstance(value, dict):
        raise refused(f"The field '{name}' must be an object.")
    return cast("dict[str, object]", value)


def day(name: str, value: object) -> str | None:
    """Take a date `YYYY-MM-DD`, or null."""
    if value is None:
        return None
    try:
        return date.fromisoformat(text(name, value)).isoformat()
    except ValueError:
        raise refused(f"The field '{name}' must be a date like 2026-01-31.") from None
