"""Fields of 5pm's classes as options of a command; times have no zone, and passwords come from files."""

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
    """Return what a class takes, one option for each."""
    hints, words = get_type_hints(kind), field_help(cast("type", kind))
    spots = attrs.fields(cast("type[attrs.AttrsInstance]", kind))
    return [_field(spot, hints[spot.name], words.get(spot.name, "")) for spot in spots]


def local(text: str) -> datetime | date:
    """A point in the account's own local time, or a day.

    Raises:
        BadParameter: Also for a time with a zone: nobody knows the account's.
    """
    found = moment_or_day(text, "2024-12-31T23:59")
    if isinstance(found, datetime) and found.tzinfo is not None:
        raise BadParameter(
            f"{text.strip()} has a time zone: 5pm has none, so write the account's own local time"
        )
    return found


def secret(text: str) -> str:
    """A password from a file or from stdin: other users of the system can see options."""
    if text != "-" and not text.startswith("@"):
        raise BadParameter("write @FILE, or - for stdin: an option is no place for a password")
    return text_of(text).rstrip("\r\n")


def _field(spot: attrs.Attribute[Any], hint: Any, words: str) -> Field:
    arms = _arms(hint)
    many, reader = (False, secret) if spot.name == "password" else _reader(arms - {NoneType, Unset})
    return Field(
        name=spot.name,
        reader=reader,
        many=many,
        required=spot.default is attrs.NOTHING,
        clearable=Unset in arms and NoneType in arms,
        default=None,
        help_text=words,
    )


def _reader(arms: frozenset[Any]) -> tuple[bool, Any]:
    """Return whether there may be several, and how one is read."""
    if datetime in arms:
        return False, local
    for arm in arms:
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
    """Return the alternatives of a type; an object with an id cannot be written on a command line."""
    return frozenset(get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)) - {HasId}
