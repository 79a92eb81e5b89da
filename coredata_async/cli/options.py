"""Fields of attrs classes as options of a command: keywords of a verb, or parts of a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import NoneType
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

import attrs
import click
from attrs import frozen

from coredata_async.cli.help_text import field_help, name_help
from coredata_async.cli.parsing import (
    day,
    json_object,
    json_value,
    local_time,
    pair,
    secret_file,
    when,
)
from coredata_async.fields import alternatives
from coredata_async.ids import HasId
from coredata_async.unset import Unset

T = TypeVar("T")

Reader: TypeAlias = "Callable[[str], object] | click.ParamType[Any]"
"""Parser of the text of an option."""

_READERS: Final[dict[frozenset[Any], Reader]] = {
    **{frozenset({kind}): kind for kind in (str, int, float, bool)},
    frozenset({date}): day,
}
_SHOWN: Final[dict[Reader, str]] = {
    int: "N",
    float: "N",
    bool: "yes|no",
    day: "YYYY-MM-DD",
    when: "WHEN",
    local_time: "WHEN",
    secret_file: "@FILE|-",
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
    is_id: bool
    default: object
    help_text: str

    @property
    def flag(self) -> str:
        """Name of the option: `--created-gt`."""
        return flag(self.name)

    def option(self) -> click.Option:
        """Build the option. If it is not given, its value is `None` or empty, and not passed on."""
        choice = isinstance(self.reader, click.Choice)
        return click.Option(
            [self.flag, self.name],
            type=self.reader,
            multiple=self.many,
            required=self.required,
            metavar=None if choice else "ID" if self.is_id else _SHOWN.get(self.reader, "TEXT"),
            help=self._help(),
        )

    def _help(self) -> str:
        notes = ["repeatable"] if self.many else []
        notes += [] if self.default is None else [f"default: {self.default}"]
        return f"{self.help_text} [{'; '.join(notes)}]".lstrip() if notes else self.help_text


def flag(name: str) -> str:
    """Return the option name of a keyword."""
    return "--" + name.replace("__", "-").replace("_", "-")


def fields_of(
    keywords: Callable[..., object],
    *,
    time: Reader = when,
    explained_by: Callable[..., object] | None = None,
    describe: Callable[[str], str] = name_help,
) -> list[Field]:
    """Return the fields of a class, one per option.

    Args:
        keywords: The class.
        time: Parser of a time; the two services read them differently.
        explained_by: Another class, whose docstrings explain the fields that have none here.
        describe: Returns the help text of a field that has no docstring, from its name.
    """
    kind = cast("type[attrs.AttrsInstance]", keywords)
    further = {} if explained_by is None else field_help(cast("type[object]", explained_by))
    hints, words = get_type_hints(kind), further | field_help(kind)
    return [
        _field(attribute, hints[attribute.name], words.get(attribute.name) or describe(attribute.name), time)
        for attribute in attrs.fields(kind)
    ]


def collect_values(fields: Sequence[Field], values: Mapping[str, object]) -> dict[str, Any]:
    """Return the given values by keyword."""
    return {field.name: values[field.name] for field in fields if values.get(field.name) not in (None, ())}


def _field(attribute: attrs.Attribute[Any], hint: Any, words: str, time: Reader) -> Field:
    members = _members(hint)
    many, reader = _reader(members - {NoneType, Unset}, time)
    has_default = isinstance(attribute.default, int) and not isinstance(attribute.default, bool)
    return Field(
        name=attribute.name,
        reader=secret_file if attribute.name == "password" else reader,
        many=many,
        required=attribute.default is attrs.NOTHING,
        clearable=Unset in members and NoneType in members,
        is_id=_is_id(hint),
        default=attribute.default if has_default else None,
        help_text=words,
    )


def _reader(members: frozenset[Any], time: Reader) -> tuple[bool, Reader]:
    """Return whether a type takes several values, and the parser of one (JSON by default)."""
    if datetime in members or members in _READERS:
        return False, _READERS.get(members, time)
    arm = next(iter(members)) if len(members) == 1 else None
    inside = get_args(arm)
    match get_origin(arm):
        case origin if origin is Literal:
            return False, click.Choice(inside)
        case origin if origin is tuple and Ellipsis not in inside:
            return False, pair
        case origin if origin in {Sequence, tuple, list}:
            return True, _reader(_members(inside[0]), time)[1]
        case origin if origin in {Mapping, dict}:
            return False, json_object
        case _:
            return False, json_value


def _is_id(hint: Any) -> bool:
    """Return whether a type is an id or a sequence of ids, which Python also accepts as objects."""
    members = alternatives(hint)
    return HasId in members or any(HasId in alternatives(each) for arm in members for each in get_args(arm))


def _members(hint: Any) -> frozenset[Any]:
    """Return the alternatives of a type, without objects with an id, which a command line cannot express."""
    return frozenset(alternatives(hint)) - {HasId}


def value(kind: Callable[..., T], ctx: click.Context, **more: Any) -> T:
    """Build a value from the options of `value_option`; a missing option keeps the default of the class."""
    return kind(**ctx.meta.get(kind.__name__, {}), **more)


def value_option(
    kind: type[object], name: str, names: str | None = None, help_text: str | None = None, **more: Any
) -> click.Option:
    """Build an option that becomes a field of a value, see `value`.

    Args:
        kind: The class of the value.
        name: The field.
        names: Names of the option. Defaults to that of the field, with a negation for a flag.
        help_text: Defaults to the docstring of the field and its default.
        more: Further arguments of `click.Option`. A `Literal` gets its choices.
    """
    attribute = attrs.fields_dict(cast("type[attrs.AttrsInstance]", kind))[name]
    hint = get_type_hints(kind)[name]
    if get_origin(hint) is Literal:
        more = {"type": click.Choice(get_args(hint)), **more}
    if hint is bool:
        more = {"default": None, **more}
        names = names or f"{flag(name)}/--no-{flag(name).removeprefix('--')}"
    if help_text is None:
        help_text = field_help(kind)[name] + _default_note(attribute.default)

    names = names or flag(name)

    def keep(ctx: click.Context, _: click.Parameter, found: object) -> None:
        if found not in {None, ()}:
            ctx.meta.setdefault(kind.__name__, {})[name] = found

    return click.Option([names, name], help=help_text, expose_value=False, callback=keep, **more)


def _default_note(default: object) -> str:
    return f" Default: {default}." if isinstance(default, str | int) and not isinstance(default, bool) else ""
