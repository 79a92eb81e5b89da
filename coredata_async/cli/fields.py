"""Option `--fields`: dotted names of a model's fields, checked before a request is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, cast, get_args, get_origin, get_type_hints

import attrs
import click

EXTRA: Final = "extra"
"""Field of each model that contains the undocumented fields sent by the server."""
_OPEN: Final = (Mapping, dict)


def fields_option(model: type[object] | None) -> click.Option:
    """Declare `--fields` for objects of a model; its value is a list of dotted names."""

    def read(_ctx: click.Context, _param: click.Parameter, text: str) -> list[str]:
        names = [each.strip() for each in text.split(",") if each.strip()]
        if model is not None:
            for name in names:
                _check(model, name)
        return names

    nested = next((name for name in sorted(_names_below(model)) if model is not None), None)
    deeper = f" A dot selects a nested field, as in {nested}." if nested else ""
    return click.Option(
        ["--fields", "fields_"],
        metavar="NAME[,NAME]",
        default="",
        callback=read,
        help=f"Only these fields.{deeper} {EXTRA}.NAME is an undocumented field of the server.",
    )


def _check(model: type[Any], name: str) -> None:
    """Reject a name that the model does not have.

    Raises:
        BadParameter: With the nearest names, and all names at the level of the mistake.
    """
    hint: Any = model
    parts = name.split(".")
    for at, part in enumerate(parts):
        if part == EXTRA or _is_open(hint):
            return
        kind = _model_of(hint)
        names = _names(kind)
        if part in names:
            hint = get_type_hints(kind)[part]
            continue
        above = ".".join(parts[:at])
        prefix = f"{above}." if above else ""
        if kind is None:
            raise click.BadParameter(f"{above} has no fields of its own, so {name!r} does not exist")
        near = [prefix + each for each in get_close_matches(part, names, n=2)]
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise click.BadParameter(
            f"field {name!r} does not exist.{meant} Fields: {', '.join(prefix + each for each in names)}. "
            "For an "
            f"undocumented field write {prefix}{EXTRA}.{part}"
        )


def _names(kind: type[Any] | None) -> list[str]:
    return (
        []
        if kind is None
        else [attribute.name for attribute in attrs.fields(kind) if attribute.name != EXTRA]
    )


def _names_below(model: type[object] | None) -> Iterator[str]:
    """Yield the names that contain one dot."""
    for name in _names(model):
        below = _names(_model_of(get_type_hints(model)[name]))
        yield from (f"{name}.{each}" for each in below if each in {"title", "id", "name"})


def _model_of(hint: Any) -> type[Any] | None:
    """Return the model in a type or in one of its members."""
    if isinstance(hint, type) and attrs.has(hint) and not _is_open(hint):
        return cast("type[Any]", hint)
    return next((found for arm in get_args(hint) if (found := _model_of(arm)) is not None), None)


def _is_open(hint: Any) -> bool:
    """Return whether an object of this type may have any field name."""
    if hint is Any or hint is object or get_origin(hint) in _OPEN:
        return True
    if isinstance(hint, type):
        return issubclass(hint, Mapping)
    return any(_is_open(arm) for arm in get_args(hint))
