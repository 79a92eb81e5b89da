"""Fields of 5pm's classes as options of a command; times have no zone, and passwords are read from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import attrs
import click
from click import BadParameter

from coredata_async.cli.help_text import field_help
from coredata_async.cli.parsing import json_object, moment_or_day, text_of
from coredata_async.cli.resources.options import Field
from coredata_async.ids import HasId
from coredata_async.unset import Unset


def fivepm_fields(kind: type[Any]) -> list[Field]:
    """Return the fields of a class, one per option."""
    hints, words = get_type_hints(kind), field_help(cast("type", kind))
    spots = attrs.fields(cast("type[attrs.AttrsInstance]", kind))
    return [_field(attribute, hints[attribute.name], words.get(attribute.name, "")) for attribute in spots]


def local(text: str) -> datetime | date:
    """Parse a date or a time in the account's own local time.

    Raises:
        BadParameter: If the text is not a date, or has a time zone, because the account's zone is unknown.
    """
    found = moment_or_day(text, "2024-12-31T23:59")
    if isinstance(found, datetime) and found.tzinfo is not None:
        raise BadParameter(
            f"{text.strip()} has a time zone, which 5pm does not support: write the account's own local time"
        )
    return found


def secret(text: str) -> str:
    """Read a password from a file or from stdin, because other users of the system can see options."""
    if text != "-" and not text.startswith("@"):
        raise BadParameter("a password cannot be given as an option: write @FILE, or - for stdin")
    return text_of(text).rstrip("\r\n")


def _field(attribute: attrs.Attribute[Any], hint: Any, words: str) -> Field:
    members = _arms(hint)
    many, reader = (False, secret) if attribute.name == "password" else _reader(members - {NoneType, Unset})
    return Field(
        name=attribute.name,
        reader=reader,
        many=many,
        required=attribute.default is attrs.NOTHING,
        clearable=Unset in members and NoneType in members,
        default=None,
        help_text=words,
    )


def _reader(members: frozenset[Any]) -> tuple[bool, Any]:
    """Return whether a type takes several values, and the function that parses one."""
    if datetime in members:
        return False, local
    for arm in members:
        inside = get_args(arm)
        match get_origin(arm):
            case origin if origin is Literal:
                return False, click.Choice(inside)
            case origin if origin in {Mapping, dict}:
                return False, json_object
            case origin if origin in {Sequence, tuple, list}:
                return True, _reader(_arms(inside[0]))[1]
            case _:
                return False, arm
    return False, str


def _arms(hint: Any) -> frozenset[Any]:
    """Return the alternatives of a type, without objects with an id, which a command line cannot express."""
    return frozenset(get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)) - {HasId}
