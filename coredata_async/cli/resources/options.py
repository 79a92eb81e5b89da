"""Fields of a filter, new or edit class as options of a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

import attrs
import click
from attrs import frozen

from coredata_async.cli.help_text import field_help, filter_help
from coredata_async.cli.parsing import day, json_object, json_value, pair, when
from coredata_async.ids import HasId
from coredata_async.unset import Unset

Reader = Callable[[str], object]
"""Function that parses the text of an option."""

_READERS: Final[dict[frozenset[Any], Reader]] = {
    **{frozenset({kind}): kind for kind in (str, int, float, bool)},
    frozenset({date}): day,
    frozenset({datetime}): when,
    frozenset({date, datetime}): when,
}
_SHOWN: Final[dict[Reader, str]] = {
    int: "N",
    day: "YYYY-MM-DD",
    when: "WHEN",
    pair: "FROM,TO",
    json_object: "JSON|@FILE|-",
    json_value: "JSON|@FILE|-",
}


@frozen(kw_only=True)
class Field:
    """Keyword of a verb, as an option of a command."""

    name: str
    reader: Reader
    many: bool
    """True if the option may be given several times."""
    required: bool
    clearable: bool
    """True if `None` is a value of the field."""
    default: object
    help_text: str

    @property
    def flag(self) -> str:
        """Name of the option: `--created-gt`."""
        return flag(self.name)

    def option(self) -> click.Option:
        """Build the option. If it is not given, its value is `None` or empty, and not passed on."""
        return click.Option(
            [self.flag, self.name],
            type=self.reader,
            multiple=self.many,
            required=self.required,
            metavar=_SHOWN.get(self.reader, "TEXT"),
            help=self._help(),
        )

    def _help(self) -> str:
        notes = ["repeatable"] if self.many else []
        notes += [] if self.default is None else [f"default: {self.default}"]
        return f"{self.help_text} [{'; '.join(notes)}]".lstrip() if notes else self.help_text


def flag(name: str) -> str:
    """Return the option name of a keyword."""
    return "--" + name.replace("__", "-").replace("_", "-")


def fields_of(keywords: Callable[..., object]) -> list[Field]:
    """Return the fields of a class, one per option."""
    kind = cast("type[attrs.AttrsInstance]", keywords)
    hints, words = get_type_hints(kind), field_help(kind)
    return [
        _field(attribute, hints[attribute.name], words.get(attribute.name, ""))
        for attribute in attrs.fields(kind)
    ]


def given_values(fields: Sequence[Field], values: Mapping[str, object]) -> dict[str, Any]:
    """Return the given values by keyword."""
    return {field.name: values[field.name] for field in fields if values.get(field.name) not in (None, ())}


def _field(attribute: attrs.Attribute[Any], hint: Any, words: str) -> Field:
    members = _arms(hint)
    many, reader = _reader(members - {NoneType, Unset})
    has_default = isinstance(attribute.default, int) and not isinstance(attribute.default, bool)
    if (
        not words
        and "filter" not in attribute.metadata
        and Unset not in members
        and attribute.default is None
    ):
        words = filter_help(attribute.name) if "__" in attribute.name else ""
    return Field(
        name=attribute.name,
        reader=reader,
        many=many,
        required=attribute.default is attrs.NOTHING,
        clearable=Unset in members and NoneType in members,
        default=attribute.default if has_default else None,
        help_text=words,
    )


def _reader(members: frozenset[Any]) -> tuple[bool, Reader]:
    """Return whether a type takes several values, and the parser of one (JSON by default)."""
    if members in _READERS:
        return False, _READERS[members]
    if len(members) == 1:
        (arm,) = members
        inside = get_args(arm)
        match get_origin(arm):
            case origin if origin is tuple and Ellipsis not in inside:
                return False, pair
            case origin if origin in {Sequence, tuple, list}:
                return True, _reader(_arms(inside[0]))[1]
            case origin if origin in {Mapping, dict}:
                return False, json_object
            case _:
                pass
    return False, json_value


def _arms(hint: Any) -> frozenset[Any]:
    """Return the alternatives of a type, without objects with an id, which a command line cannot express."""
    return frozenset(get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)) - {HasId}
