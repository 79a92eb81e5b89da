"""Fields of attrs classes: their docstrings, types, values as plain data, and use as keywords of a verb."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from textwrap import dedent
from types import UnionType
from typing import Any, Final, ParamSpec, TypeVar, Union, cast, get_args, get_origin

import attrs

from coredata_async.ids import Id

P = ParamSpec("P")
T = TypeVar("T")
Verb = TypeVar("Verb", bound=Callable[..., object])
_PAGING: Final = frozenset({"page_size", "offset"})
"""Keywords that come last, because they are not filters."""


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


def build(call: str, make: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Build the value of a verb's keywords.

    Args:
        call: Public name of the verb, such as `projects.create`.
        make: The class whose fields are the keywords.
        *args: Positional arguments of the call, which are an error.
        **kwargs: Keywords of the call.

    Raises:
        TypeError: If a keyword is unknown or missing. The message names the verb and suggests a keyword.
    """
    try:
        return make(*args, **kwargs)
    except TypeError:
        message = _explain(call, make, len(args), kwargs.keys())
        if message is None:
            raise
    raise TypeError(message)


def with_signature(
    verb: Verb, keywords: Callable[..., object], summary: str, *, leading: tuple[str, ...] = ()
) -> Verb:
    """Give a verb the signature and the docstring of the class whose keywords it takes.

    Args:
        verb: The function, whose own parameters are not shown.
        keywords: The class.
        summary: First paragraph of the docstring; that of the class follows.
        leading: Names of ids that the verb takes by position.
    """
    own = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY, annotation=Id) for name in leading]
    taken = sorted(
        inspect.signature(keywords).parameters.values(),
        key=lambda each: (each.name in _PAGING, each.default is not each.empty),
    )
    verb.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
        [*own, *taken], return_annotation=verb.__annotations__["return"]
    )
    verb.__doc__ = f"{summary}\n\n{inspect.getdoc(keywords)}"
    return verb


def _explain(call: str, make: Callable[..., object], positional: int, given: Collection[str]) -> str | None:
    """Return the error in the keywords of a call; None if they are valid."""
    known = inspect.signature(make).parameters
    if positional:
        return f"{call}() takes its fields as keywords, but {positional} were given by position"
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it takes {', '.join(known)}"
            return f"{call}() got an unexpected keyword argument {name!r}{hint}"
    missing = [name for name, each in known.items() if each.default is each.empty and name not in given]
    if missing:
        return f"{call}() lacks the keyword argument {' and '.join(map(repr, missing))}"
    return None
