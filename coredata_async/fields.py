"""Fields of attrs classes, for documents and output: docstrings, types, and values as plain data."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from itertools import pairwise
from textwrap import dedent
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin

import attrs


def docstrings(kind: type[object]) -> Mapping[str, str]:
    """Return the docstring below each field of a class and of its base classes.

    They are read from the source, because Python does not keep them. Without the source, the result is empty.
    """
    classes = reversed(kind.__mro__[:-1])
    return {name: text for each in classes for name, text in _own_docstrings(cast("Hashable", each)).items()}


@cache
def _own_docstrings(kind: Hashable) -> Mapping[str, str]:
    try:
        body = ast.parse(dedent(inspect.getsource(cast("type[object]", kind)))).body[0]
    except (OSError, TypeError, SyntaxError):
        return {}
    return dict(_below_fields(body.body)) if isinstance(body, ast.ClassDef) else {}


def _below_fields(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for above, below in pairwise(body):
        match above, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
            case _:
                pass


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself."""
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)


def plain(value: object) -> object:
    """Convert a value of a model to the form of the service, with its unknown fields among the others.

    Aware times end in `Z`. A time without a zone, as 5pm sends it, stays without one, because its zone is
    not documented.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date):  # a datetime is a date, too
        return value.isoformat()
    if isinstance(value, Mapping):  # before models, because the aspects of a document are both
        return {str(name): plain(each) for name, each in cast("Mapping[object, object]", value).items()}
    if attrs.has(type(value)):
        return plain_object(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in cast("Sequence[object]", value)]
    return value


def plain_object(model: object) -> dict[str, object]:
    """Convert a model, see `plain`."""
    names = [attribute.name for attribute in attrs.fields(cast("type[attrs.AttrsInstance]", type(model)))]
    found = {name: plain(getattr(model, name)) for name in names if name != "extra"}
    return {**cast("dict[str, object]", plain(getattr(model, "extra", {}))), **found}
